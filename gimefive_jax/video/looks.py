"""What a face and what is around it look like: colours, enough to tell faces of a clip apart.

This does not recognise a person: it is three histograms of colours, of hair, face and collar.
"""

import dataclasses
import itertools

import numpy as np
from jaxtyping import Float, Int, UInt8

from gimefive_jax.faces.found import FaceBox

# From above the brows to below the chin, in heights of the box, and across, in widths.
_BANDS, _TOP, _BOTTOM, _ACROSS = 3, -0.5, 1.4, 1.4
# Places that are looked at across and down each band, and colours told apart of each channel.
_PLACES, _LEVELS = 16, 6
# How much of a new look the kept one takes: light and pose change slowly.
_NEW = 0.1


@dataclasses.dataclass(frozen=True)
class Look:
    """Square roots of the shares of colours in each band; all 0 for a band outside of the image."""

    colours: tuple[float, ...]

    def mixed_with(self, other: "Look") -> "Look":
        """Gives the look that follows this one when `other` is seen."""
        before, now = np.square(self.colours), np.square(other.colours)
        return _look((1 - _NEW) * before + _NEW * now)


def look_of(image: UInt8[np.ndarray, "height width 3"], box: FaceBox) -> Look:
    """Gives the look of a face.

    Args:
      image: RGB.
      box: Around the face, in pixels of the image; what lies beyond the image is left out.

    Returns:
      Its look; see `likeness`.
    """
    top, height = box.top + _TOP * box.height, (_BOTTOM - _TOP) * box.height
    left, width = box.left + (1 - _ACROSS) / 2 * box.width, _ACROSS * box.width
    columns = _places(left, width, _PLACES, image.shape[1])
    bands = []
    for band in range(_BANDS):
        start = top + height * band / _BANDS
        rows = _places(start, height / _BANDS, _PLACES, image.shape[0])
        bands.append(_shares(image[rows[:, None], columns].reshape(-1, 3)))
    return _look(np.concatenate(bands))


def likeness(one: Look, other: Look) -> float:
    """Compares two looks: 1 for the same colours, 0 for none in common.

    It is the mean of the Bhattacharyya coefficients of the bands.
    """
    return float(np.dot(one.colours, other.colours)) / _BANDS


def _places(start: float, length: float, count: int, end: int) -> Int[np.ndarray, " place"]:
    """So many pixels evenly over a length, those inside the image."""
    places = np.floor(start + length * (np.arange(count) + 0.5) / count).astype(np.int64)
    return places[(places >= 0) & (places < end)]


def _shares(pixels: UInt8[np.ndarray, "pixel 3"]) -> Float[np.ndarray, " colour"]:
    """Shares of the colours; a pixel counts for those around its own, as light changes."""
    num_colours = _LEVELS**3
    if not len(pixels):
        return np.zeros(num_colours)
    place = pixels * ((_LEVELS - 1) / 255)
    lower = np.minimum(place.astype(np.int64), _LEVELS - 2)
    part = place - lower
    shares = np.zeros(num_colours)
    for corner in itertools.product((0, 1), repeat=3):
        weight = np.where(corner, part, 1 - part).prod(-1)
        colour = np.ravel_multi_index(tuple((lower + corner).T), (_LEVELS,) * 3)
        shares += np.bincount(colour, weight, num_colours)
    return shares / len(pixels)


def _look(shares: Float[np.ndarray, " colour"]) -> Look:
    # Six digits are exact enough, and short where they are written down.
    return Look(tuple(np.sqrt(shares).round(6).tolist()))
