"""Blank images: all pixels of one value, or almost all."""

import dataclasses

import numpy as np
from jaxtyping import Float32, Int

from gimefive_jax.audit.faces import Faces

# In grey values of 255. FER2013 has twelve faces below 5, none between 5 and 8.
LEAST_DEVIATION = 5.0
# Of the pixels, within two grey values of each other. FER2013: twelve above 0.95, and above 0.9.
MOST_FLAT = 0.95
_NEIGHBOURS = 2
_READ = 1024


@dataclasses.dataclass(frozen=True)
class Contrast:
    """How much there is to see in each face."""

    deviation: Float32[np.ndarray, " face"]
    """Standard deviation of its pixels, in grey values of 255."""
    flat_share: Float32[np.ndarray, " face"]
    """Largest share of its pixels that lie within five neighbouring grey values."""

    def blank(self) -> Int[np.ndarray, "_"]:
        """Returns the numbers of the faces with too little contrast, or almost all of one value."""
        return np.flatnonzero((self.deviation < LEAST_DEVIATION) | (self.flat_share > MOST_FLAT))


def measure_contrast(faces: Faces) -> Contrast:
    """Measures how much contrast each face has.

    Args:
      faces: All faces of a prepared set.

    Returns:
      Standard deviation and flat share of each face.
    """
    deviation = np.empty(len(faces), np.float32)
    flat_share = np.empty(len(faces), np.float32)
    for start in range(0, len(faces), _READ):
        some = np.arange(start, min(start + _READ, len(faces)))
        pixels = faces.pixels(some)
        values = pixels.mean(axis=-1).round().astype(np.int64).reshape(len(some), -1)
        deviation[some] = values.std(axis=1)
        flat_share[some] = _flat_share(values)
    return Contrast(deviation, flat_share)


def _flat_share(values: Int[np.ndarray, "face pixel"]) -> np.ndarray:
    num_faces, num_pixels = values.shape
    shifted = values + 256 * np.arange(num_faces)[:, None]
    histogram = np.bincount(shifted.reshape(-1), minlength=256 * num_faces).reshape(-1, 256)
    sums = np.pad(histogram, ((0, 0), (_NEIGHBOURS + 1, _NEIGHBOURS))).cumsum(axis=1)
    width = 2 * _NEIGHBOURS + 1
    return (sums[:, width:] - sums[:, :-width]).max(axis=1) / num_pixels
