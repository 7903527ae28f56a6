"""Square views of images of any size: the whole image on a small copy, and overlapping tiles."""

import dataclasses
import math

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

# Sides of tiles over the longer side of the image. BlazeFace finds a face that is at least a sixth
# as wide as its view, so each size finds what the one before it may miss.
TILES = (1 / 2, 1 / 4, 1 / 8)
# Side in pixels: a face that fills a sixth of such a tile is hardly large enough to be classified.
SMALLEST_TILE = 256
# From a tile to the next, over its side: a face of up to 0.4 of a tile lies whole in one of them.
STEP = 0.6
# Of PIL's two steps, first by whole numbers: what it makes faster is not seen from 2 on.
_REDUCING_GAP = 2.0
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


def tile_views(size: tuple[int, int]) -> list[View]:
    """Gives overlapping tiles of an image: of half its longer side, a quarter and an eighth.

    Args:
      size: Height and width of the image.

    Returns:
      The tiles, large ones first; none of less than 256 pixels.
    """
    return [
        View(left, top, side)
        for side in (share * max(size) for share in TILES)
        if side >= SMALLEST_TILE
        for top in _starts(size[0], side)
        for left in _starts(size[1], side)
    ]


def _starts(length: int, side: float) -> list[float]:
    """Where tiles begin along an axis, evenly from one end to the other."""
    if length <= side:
        return [(length - side) / 2]
    count = 1 + math.ceil((length - side) / (side * STEP))
    return np.linspace(0, length - side, count).tolist()


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
    shown = Image.fromarray(part).resize(size, Image.Resampling.BILINEAR, box, _REDUCING_GAP)
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
    taken = slice(max(math.floor(low), 0), min(math.ceil(high), length))
    # Rounding must not lead beyond the pixels that are taken.
    begin = max(low - taken.start, 0.0)
    end = min(high - taken.start, float(taken.stop - taken.start))
    return _Seen(taken, begin, end, slice(first, last))
