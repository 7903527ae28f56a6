"""Square views of images of any size: the whole image on a small copy, and overlapping tiles."""

import dataclasses
import math

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

# A tile is half as wide as the one before it, and the next tile begins half a tile further on: a
# face of up to half a tile lies whole in one of them.
_STEP = 0.5
# Pixels of the image that become one pixel of a view in one go; the others are passed over.
_TAPS = 4
_ROUNDING = 1e-6


@dataclasses.dataclass(frozen=True)
class View:
    """A square of an image, which may reach beyond it.

    Args:
      left: x of its left side, in pixels of the image.
      top: y of its upper side.
      side: In pixels of the image.
    """

    left: float
    top: float
    side: float

    def to_image(self, places: Float[np.ndarray, "*rest 2"]) -> Float[np.ndarray, "*rest 2"]:
        """Gives x and y in pixels of the image.

        Args:
          places: x and y in the view, of which 0 and 1 are opposite sides.
        """
        return places * self.side + np.array([self.left, self.top], places.dtype)


def whole_view(size: tuple[int, int]) -> View:
    """Gives the smallest square that holds a whole image, the image in its middle.

    Args:
      size: Height and width of the image.
    """
    height, width = size
    side = max(size)
    return View((width - side) / 2, (height - side) / 2, float(side))


def tile_views(size: tuple[int, int], *, smallest: int) -> list[View]:
    """Gives overlapping tiles of an image: of half its longer side, of a quarter, and so on.

    Args:
      size: Height and width of the image.
      smallest: No tile has a smaller side than this, in pixels.

    Returns:
      The tiles, large ones first; none for an image whose longer side is less than twice the
      smallest.
    """
    tiles = list[View]()
    side = max(size) / 2
    while side >= smallest:
        tiles += [
            View(left, top, side)
            for top in _starts(size[0], side)
            for left in _starts(size[1], side)
        ]
        side /= 2
    return tiles


def _starts(length: int, side: float) -> Float[np.ndarray, " tile"]:
    """Where tiles begin along an axis, evenly from one end to the other."""
    if length <= side:
        return np.array([(length - side) / 2])
    count = 1 + int(np.ceil((length - side) / (side * _STEP)))
    return np.linspace(0, length - side, count)


def cut_view(
    image: UInt8[np.ndarray, "height width 3"], view: View, *, side: int
) -> UInt8[np.ndarray, "{side} {side} 3"]:
    """Gives a view at another size, antialiased; beyond the image it is black.

    Args:
      image: The image.
      view: What is seen of it.
      side: Of what comes out, in pixels.
    """
    height, width = image.shape[:2]
    rows = _seen(view.top, height, view.side / side, side)
    columns = _seen(view.left, width, view.side / side, side)
    seen = np.zeros((side, side, 3), np.uint8)
    if not (rows.count and columns.count):
        return seen
    part = np.ascontiguousarray(image[rows.taken, columns.taken])
    box = (columns.begin, rows.begin, columns.end, rows.end)
    size = (columns.count, rows.count)
    shown = Image.fromarray(part).resize(size, Image.Resampling.BILINEAR, box)
    seen[rows.places, columns.places] = np.asarray(shown)
    return seen


@dataclasses.dataclass(frozen=True)
class _Seen:
    """Which pixels of an axis are taken, and where what they become lies in a view."""

    taken: slice
    begin: float
    """Among the taken pixels, where the first pixel of the view begins."""
    end: float
    places: slice

    @property
    def count(self) -> int:
        return self.places.stop - self.places.start


def _seen(start: float, length: int, scale: float, side: int) -> _Seen:
    """Along an axis of `length` pixels, a view that begins at `start`, `scale` pixels to one."""
    # Whole pixels of the view, so that places in it and in the image belong together exactly.
    first = max(math.ceil(-start / scale - _ROUNDING), 0)
    last = min(math.floor((length - start) / scale + _ROUNDING), side)
    last = max(last, first)
    low, high = start + first * scale, start + last * scale
    step = max(int(scale / _TAPS), 1)
    taken = slice(max(math.floor(low), 0), min(math.ceil(high), length), step)
    count = len(range(length)[taken])

    def among_taken(place: float) -> float:
        # The middle of the first pixel that is taken stays the middle of a pixel.
        return min(max((place - taken.start - 0.5) / step + 0.5, 0.0), float(count))

    return _Seen(taken, among_taken(low), among_taken(high), slice(first, last))
