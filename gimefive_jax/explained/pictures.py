"""A picture of an explanation: face | heat map with its scale | overlay."""

import functools

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw

from gimefive_jax.kept_programs import recalled
from gimefive_jax.plots import font

_LEVELS = 256
_SIDE, _MARGIN, _TEXT, _BAR = 192, 8, 14, 12


def scale_to_unit(
    heat_map: Float[np.ndarray, "height width"], *, min_max: bool = False
) -> Float[np.ndarray, "height width"]:
    """Scales a map to shares from 0 to 1, for pictures only: its positive part over its maximum.

    Args:
      heat_map: Signed map, `[height, width]`.
      min_max: Scale as the paper's reference: lowest cell 0, highest 1, whatever their signs.

    Returns:
      Shares, `[height, width]`; zeros where nothing is positive.
    """
    if min_max:
        heat_map = heat_map - heat_map.min()
    positive = np.maximum(heat_map, 0)
    peak = positive.max()
    return positive / peak if peak > 0 else positive


def enlarge(
    heat_map: Float[np.ndarray, "height width"], side: int, *, smooth: bool
) -> Float[np.ndarray, "{side} {side}"]:
    """Enlarges a map to a square of pixels.

    Args:
      heat_map: Map, `[height, width]`.
      side: Pixels of a side of the square.
      smooth: Bilinear; else as the plain cells that it was computed on.

    Returns:
      The enlarged map, `[side, side]`.
    """
    how = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    image = Image.fromarray(heat_map.astype(np.float32))
    return np.asarray(image.resize((side, side), how))


def overlay(
    face: UInt8[np.ndarray, "side side 3"],
    heat_map: Float[np.ndarray, "height width"],
    *,
    min_max: bool = False,
) -> UInt8[np.ndarray, "side side 3"]:
    """Lays the coloured map over the grey face; the colour is as strong as the evidence.

    Args:
      face: uint8 `[side, side, 3]`.
      heat_map: Signed map, `[height, width]`.
      min_max: Scale as the paper's reference, see `scale_to_unit`.

    Returns:
      uint8 `[side, side, 3]`.
    """
    unit = scale_to_unit(heat_map, min_max=min_max)
    smooth = enlarge(unit, face.shape[0], smooth=True)[..., None]
    grey = np.asarray(Image.fromarray(face).convert("L"))[..., None]
    strength = 0.65 * np.clip(smooth, 0, 1)
    mixed = (1 - strength) * grey + strength * colour(smooth[..., 0])
    return mixed.round().astype(np.uint8)


def colour(values: Float[np.ndarray, "height width"]) -> UInt8[np.ndarray, "height width 3"]:
    """Values from 0 to 1 in inferno, which is even in lightness and colour-blind safe."""
    level = np.nan_to_num(np.clip(values, 0, 1)) * _LEVELS
    return _palette()[np.minimum(level.astype(int), _LEVELS - 1)]


@functools.cache
def _palette() -> UInt8[np.ndarray, "level 3"]:
    def drawn() -> UInt8[np.ndarray, "level 3"]:
        # Imported here: what draws nothing, or has drawn before, would wait for it.
        from matplotlib import colormaps

        return colormaps["inferno"](np.arange(_LEVELS), bytes=True)[:, :3]

    return recalled("colours of inferno", drawn)


def draw_panel(
    pixels: UInt8[np.ndarray, "height width channel"],
    heat_map: Float[np.ndarray, "rows columns"],
    title: str,
    *,
    min_max: bool = False,
) -> Image.Image:
    """Draws face, map on its own grid with its scale, and overlay, side by side.

    Args:
      pixels: The face, uint8 `[height, width, channel]` with one channel or three.
      heat_map: Signed map, `[rows, columns]`.
      title: A line above the three.
      min_max: Scale as the paper's reference, see `scale_to_unit`.

    Returns:
      A picture in mode RGB.
    """
    face = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).convert("RGB")
    face = face.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    unit = scale_to_unit(heat_map, min_max=min_max)
    cells = Image.fromarray(colour(enlarge(unit, _SIDE, smooth=False)))
    mixed = Image.fromarray(overlay(np.asarray(face), heat_map, min_max=min_max))
    scale_width = _BAR + 52
    size = (3 * _SIDE + 4 * _MARGIN + scale_width, _SIDE + 3 * _MARGIN + _TEXT)
    panel = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(panel)
    top = 2 * _MARGIN + _TEXT
    draw.text((_MARGIN, _MARGIN - 2), title, fill="black", font=font(_TEXT))
    left = _MARGIN
    panel.paste(face, (left, top))
    left += _SIDE + _MARGIN
    panel.paste(cells, (left, top))
    left += _SIDE + 4
    _draw_scale(panel, draw, left, top, _scale_labels(heat_map, min_max=min_max))
    panel.paste(mixed, (left - 4 + scale_width + _MARGIN, top))
    return panel


def _draw_scale(
    panel: Image.Image, draw: ImageDraw.ImageDraw, left: int, top: int, labels: dict[float, str]
) -> None:
    ramp = np.linspace(1, 0, _SIDE)[:, None].repeat(_BAR, axis=1)
    panel.paste(Image.fromarray(colour(ramp)), (left, top))
    letters = font(_TEXT - 3)
    for share, text in labels.items():
        y = top + (1 - share) * (_SIDE - 1) - (6 if share else 11) + (6 if share == 1 else 0)
        draw.text((left + _BAR + 3, y), text, fill="black", font=letters)


def _scale_labels(
    heat_map: Float[np.ndarray, "rows columns"], *, min_max: bool
) -> dict[float, str]:
    """Values at shares of the scale: a map is drawn over its own range, so say which that is."""
    low, peak = float(heat_map.min()), float(heat_map.max())
    if min_max:
        return {1.0: f"{peak:.3g}", 0.5: f"{(low + peak) / 2:.3g}", 0.0: f"{low:.3g}"}
    if peak <= 0:
        return {0.0: "<=0"}
    return {1.0: f"{peak:.3g}", 0.5: f"{peak / 2:.3g}", 0.0: "<=0"}
