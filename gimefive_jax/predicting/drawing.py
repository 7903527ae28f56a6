"""Faces drawn into their image, at its own resolution: box, number, heat map, landmarks, scores."""

import dataclasses
import functools
import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from gimefive_jax.errors import InputError
from gimefive_jax.explained.pictures import colour, scale_to_unit
from gimefive_jax.faces.found import FaceBox
from gimefive_jax.predicting.panel_layout import SMALLEST_LETTERS, FaceWords, lay_out
from gimefive_jax.predicting.placing import Area
from gimefive_jax.predicting.scene import SceneFace
from gimefive_jax.predicting.score_panel import ACCENT, percent

# Height of letters over the shorter side of the image.
_LETTERS = 1 / 40
# How strongly the highest evidence covers the face.
_STRENGTH = 0.65
# In pixels: on a smaller face, larger points would hide it.
_SMALL_FACE = 48
_DARK, _POINT = (16, 16, 16), (64, 224, 255)


@dataclasses.dataclass(frozen=True)
class _Canvas:
    """The picture, and what is the same for all of its faces."""

    pixels: UInt8[np.ndarray, "height width 3"]
    line: int
    """Width of lines, in pixels."""
    letters: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        height, width, _ = self.pixels.shape
        return width, height


def draw_scene(
    image: UInt8[np.ndarray, "height width 3"],
    faces: Sequence[SceneFace],
    *,
    numbers: Sequence[int] | None = None,
    labels: Sequence[str] | None = None,
    min_max: bool = False,
) -> UInt8[np.ndarray, "height width 3"]:
    """Draws faces into their image: box, heat map, landmarks, and the scores beside each.

    Only what is near a face is drawn. The scores lie inside the image and, where there is room,
    cover no other face; where there is none, the number and the category stand alone.

    Args:
      image: RGB, as `SceneReader.read` was given it.
      faces: Its faces.
      numbers: What each face is called; by default 1, 2, 3.
      labels: Words beside the number; by default the predicted category and its score.
      min_max: Scale of the maps as in the paper's reference, see `pictures.scale_to_unit`.

    Returns:
      A new image of the same size.

    Raises:
      InputError: There are not as many numbers or labels as faces.
    """
    height, width, _ = image.shape
    letters = max(SMALLEST_LETTERS, round(_LETTERS * min(height, width)))
    canvas = _Canvas(image.copy(), max(1, letters // 8), letters)
    numbers = range(1, len(faces) + 1) if numbers is None else numbers
    labels = [_label(face) for face in faces] if labels is None else labels
    if not len(faces) == len(numbers) == len(labels):
        raise InputError(
            f"{len(faces)} faces have {len(numbers)} numbers and {len(labels)} labels; give each "
            "face one of both"
        )
    for face in faces:
        if face.heat_map is not None:
            _draw_map(canvas, face.heat_map, face.crop, min_max=min_max)
        if face.landmarks is not None:
            _draw_points(canvas, face.landmarks, face.crop)
        _draw_box(canvas, _area(face.box))
    titles = [f"{number} {label}".strip() for number, label in zip(numbers, labels, strict=True)]
    _draw_panels(canvas, faces, titles, [str(number) for number in numbers])
    return canvas.pixels


def _label(face: SceneFace) -> str:
    label = f"{face.predicted} {percent(face.confidence)}"
    return label if face.is_sure else f"unsure ({label})"


def _area(box: FaceBox) -> Area:
    right, bottom = math.ceil(box.left + box.width), math.ceil(box.top + box.height)
    return Area(math.floor(box.left), math.floor(box.top), right, bottom)


def _draw_map(
    canvas: _Canvas, heat_map: Float[np.ndarray, "rows columns"], crop: FaceBox, *, min_max: bool
) -> None:
    """Lays the coloured map over the crop; the colour is as strong as the evidence."""
    area = _area(crop)
    seen = area.inside(canvas.size)
    if 0 in seen.size:
        return
    unit = np.clip(scale_to_unit(heat_map, min_max=min_max), 0, 1)
    cells = Image.fromarray((255 * unit).round().astype(np.uint8))
    # The part of the map that lies inside the image, in cells.
    rows, columns = heat_map.shape
    across, down = columns / area.size[0], rows / area.size[1]
    inside = (
        (seen.left - area.left) * across,
        (seen.top - area.top) * down,
        (seen.right - area.left) * across,
        (seen.bottom - area.top) * down,
    )
    smooth = cells.resize(seen.size, Image.Resampling.BILINEAR, box=inside)
    # Colours by a palette and the strength by a table: both in PIL's own loops.
    shown = Image.frombytes("P", smooth.size, smooth.tobytes())
    shown.putpalette(_palette())
    patch = _cut(canvas, seen)
    patch.paste(shown.convert("RGB"), (0, 0), smooth.point(_strengths()))
    _put(canvas, seen, patch)


@functools.cache
def _palette() -> bytes:
    return colour(np.linspace(0, 1, 256)[None]).tobytes()


@functools.cache
def _strengths() -> list[int]:
    return [round(_STRENGTH * value) for value in range(256)]


def _draw_points(canvas: _Canvas, points: Float[np.ndarray, "68 2"], crop: FaceBox) -> None:
    """Draws landmarks as small squares, as large as the face allows."""
    face_side = min(crop.width, crop.height)
    # Videos keep a colour for four pixels, in which a single one would be lost.
    side = max(2 if face_side >= _SMALL_FACE else 1, round(face_side / 60))
    corners = np.floor(points - side / 2).astype(np.int64)
    for x, y in corners.tolist():
        area = Area(x, y, x + side, y + side).inside(canvas.size)
        canvas.pixels[area.top : area.bottom, area.left : area.right] = _POINT


def _draw_box(canvas: _Canvas, box: Area) -> None:
    """Draws a line with a dark border, so that it shows on any ground."""
    border = max(1, canvas.line // 2)
    _frame(canvas, box, canvas.line + 2 * border, _DARK, grow=border)
    _frame(canvas, box, canvas.line, ACCENT, grow=0)


def _frame(
    canvas: _Canvas, box: Area, thickness: int, paint: tuple[int, int, int], *, grow: int
) -> None:
    left, top, right, bottom = box.left - grow, box.top - grow, box.right + grow, box.bottom + grow
    for side in (
        Area(left, top, right, top + thickness),
        Area(left, bottom - thickness, right, bottom),
        Area(left, top, left + thickness, bottom),
        Area(right - thickness, top, right, bottom),
    ):
        part = side.inside(canvas.size)
        canvas.pixels[part.top : part.bottom, part.left : part.right] = paint


def _draw_panels(
    canvas: _Canvas, faces: Sequence[SceneFace], titles: Sequence[str], numbers: Sequence[str]
) -> None:
    words = [
        FaceWords(
            area=_area(face.box).inside(canvas.size),
            number=number,
            title=title,
            emotions=face.emotions,
            probabilities=face.probabilities,
        )
        for face, title, number in zip(faces, titles, numbers, strict=True)
    ]
    for one in lay_out(words, canvas.size, letters=canvas.letters, gap=2 * canvas.line):
        _put(canvas, one.place.area, one.panel.draw_on(_cut(canvas, one.place.area)))


def _cut(canvas: _Canvas, area: Area) -> Image.Image:
    return Image.fromarray(canvas.pixels[area.top : area.bottom, area.left : area.right])


def _put(canvas: _Canvas, area: Area, patch: Image.Image) -> None:
    canvas.pixels[area.top : area.bottom, area.left : area.right] = np.asarray(patch)
