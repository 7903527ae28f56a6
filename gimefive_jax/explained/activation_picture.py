"""The picture of a face's way through the network: what each block answers to it."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int, UInt8
from PIL import Image, ImageDraw

from gimefive_jax.explained.pictures import colour, enlarge
from gimefive_jax.plots import font

_SIDE, _MARGIN, _TEXT, _WORDS, _GAP = 96, 8, 13, 122, 4
_ROW = _SIDE + _TEXT + 3 * _GAP


@dataclasses.dataclass(frozen=True)
class LayerActivation:
    """What one layer answers to a face."""

    name: str
    mean: Float[np.ndarray, "rows columns"]
    """Mean over all channels."""
    numbers: Int[np.ndarray, " channel"]
    """The strongest channels, the strongest first."""
    channels: Float[np.ndarray, "channel rows columns"]
    """Their activations."""


def draw_activations(
    pixels: UInt8[np.ndarray, "height width channel"],
    layers: Sequence[LayerActivation],
    title: str,
) -> Image.Image:
    """Draws a face's way through the network: a row per layer, its mean and strongest channels.

    Each tile shows the positive part of its values over their maximum, which stands above it, on
    the layer's own grid.

    Args:
      pixels: The face, uint8 `[height, width, channel]` with one channel or three.
      layers: In the order of the network.
      title: A line above.

    Returns:
      A picture in mode RGB.
    """
    num_tiles = 1 + max((len(layer.numbers) for layer in layers), default=0)
    width = 2 * _MARGIN + _WORDS + num_tiles * (_SIDE + _GAP)
    top = 2 * _MARGIN + 2 * _TEXT
    picture = Image.new("RGB", (width, top + (1 + len(layers)) * _ROW), "white")
    draw = ImageDraw.Draw(picture)
    draw.text((_MARGIN, _MARGIN), title, fill="black", font=font(_TEXT + 2))
    height, face_width = pixels.shape[:2]
    _write(draw, top, "face", f"{height} x {face_width} pixels")
    face = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).convert("RGB")
    place = (_left(0), top + _TEXT + _GAP)
    picture.paste(face.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC), place)
    _draw_legend(picture, draw, top)
    for i, layer in enumerate(layers, start=1):
        _draw_layer(picture, draw, top + i * _ROW, layer)
    return picture


def _draw_layer(
    picture: Image.Image, draw: ImageDraw.ImageDraw, top: int, layer: LayerActivation
) -> None:
    rows, columns = layer.mean.shape
    block, _, part = layer.name.rpartition("/")
    _write(draw, top, block or part, f"{rows} x {columns} cells")
    tiles = [("mean", layer.mean)]
    tiles += [
        (f"#{number}", channel)
        for number, channel in zip(layer.numbers, layer.channels, strict=True)
    ]
    for i, (words, values) in enumerate(tiles):
        peak = float(values.max())
        scale = f"{words}  {peak:.2g}" if peak > 0 else f"{words}  <=0"
        draw.text((_left(i), top), scale, fill="black", font=font(_TEXT - 2))
        unit = np.maximum(values, 0) / (peak if peak > 0 else 1.0)
        tile = Image.fromarray(colour(enlarge(unit, _SIDE, smooth=False)))
        picture.paste(tile, (_left(i), top + _TEXT + _GAP))


def _draw_legend(picture: Image.Image, draw: ImageDraw.ImageDraw, top: int) -> None:
    """The colours, and what stands above each tile."""
    left, top = _left(1) + _MARGIN, top + _TEXT + _GAP
    ramp = np.linspace(0, 1, 2 * _SIDE)[None, :].repeat(_TEXT, axis=0)
    picture.paste(Image.fromarray(colour(ramp)), (left, top))
    words = (
        "from 0 to the tile's largest value, which stands above it",
        "mean: over all channels of the block",
        "#7: channel 7, one of those with the largest mean over this face",
    )
    for i, line in enumerate(words):
        y = top + _TEXT + _GAP + i * (_TEXT + _GAP)
        draw.text((left, y), line, fill="black", font=font(_TEXT - 1))


def _write(draw: ImageDraw.ImageDraw, top: int, name: str, size: str) -> None:
    draw.text((_MARGIN, top + _SIDE // 2), name, fill="black", font=font(_TEXT))
    below = top + _SIDE // 2 + _TEXT + _GAP
    draw.text((_MARGIN, below), size, fill="black", font=font(_TEXT - 2))


def _left(tile: int) -> int:
    return _MARGIN + _WORDS + tile * (_SIDE + _GAP)
