"""Strokes and fills on an enlarged picture that remembers which of them are evidence."""

import functools

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image, ImageDraw, ImageFilter

from data_prep.drawn_faces.curves import Curve
from data_prep.drawn_faces.person import Colour

FACTOR = 4  # drawn four times too large, then averaged: PIL's strokes have hard edges
COVER = "cover"
_EVIDENCE_COVERAGE = 64  # of 255: a hair line covers about a quarter of the pixels it crosses


class Canvas:
    """A picture of side `size` under the brush; coordinates are pixels of the finished picture.

    What is drawn as one of the `evidence` parts also marks the evidence mask.
    """

    def __init__(self, size: int, *, ground: Colour, evidence: frozenset[str]) -> None:
        self.size = size
        self._evidence = evidence
        side = (size * FACTOR, size * FACTOR)
        self._image = Image.new("RGB", side, ground)
        self._mask = Image.new("L", side, 0)
        self._draw = ImageDraw.Draw(self._image)
        self._draw_mask = ImageDraw.Draw(self._mask)

    def fill(self, outline: Curve, colour: Colour, *, part: str = "") -> None:
        """Fills a closed outline; `part` names what it shows, COVER what hides it."""
        points = (outline * FACTOR).ravel().tolist()
        self._draw.polygon(points, fill=colour)
        if part in self._evidence:
            self._draw_mask.polygon(points, fill=255)
        elif part == COVER:
            self._draw_mask.polygon(points, fill=0)

    def stroke(
        self, curve: Curve, colour: Colour, *, width: float, taper: float = 0.0, part: str = ""
    ) -> None:
        """Draws an open curve `width` pixels wide, thinner by the share `taper` at both ends."""
        self.brush(curve, colour, widths=width * (1.0 - taper * _bow(len(curve))), part=part)

    def brush(
        self, curve: Curve, colour: Colour, *, widths: Float[np.ndarray, " points"], part: str = ""
    ) -> None:
        """Draws an open curve with a width in pixels at each point."""
        along = np.empty_like(curve)
        along[1:-1] = curve[2:] - curve[:-2]
        along[0], along[-1] = curve[1] - curve[0], curve[-1] - curve[-2]
        along /= np.hypot(along[:, 0], along[:, 1])[:, None] + 1e-9
        across = 0.5 * widths[:, None] * along[:, ::-1] * [-1.0, 1.0]
        self.fill(np.concatenate([curve + across, (curve - across)[::-1]]), colour, part=part)

    def dot(self, centre: Float[np.ndarray, " 2"], colour: Colour, *, radius: float) -> None:
        """Fills a circle; `radius` in pixels."""
        (x, y), r = (centre * FACTOR).tolist(), radius * FACTOR
        self._draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def picture(self) -> Image.Image:
        """The finished picture, averaged down to its size."""
        return self._image.reduce(FACTOR)

    def evidence(self) -> Bool[np.ndarray, "size size"]:
        """Pixels at least a quarter covered by evidence, and one pixel (of 64) around them."""
        covered = self._mask.reduce(FACTOR).point(lambda value: 255 * (value >= _EVIDENCE_COVERAGE))
        reach = 2 * max(1, round(self.size / 64)) + 1
        return np.asarray(covered.filter(ImageFilter.MaxFilter(reach))) > 0


@functools.cache
def _bow(num_points: int) -> Float[np.ndarray, " points"]:
    return np.linspace(-1.0, 1.0, num_points) ** 2
