"""Forms of faces for comparison: standardised grey squares, and short perceptual hashes."""

import dataclasses

import numpy as np
import scipy.fft
from jaxtyping import Float, Float32, UInt8

SIDE = 32
# 8x8 of the lowest frequencies carry about nine tenths of the contrast of a smoothed face.
LOWEST = 8
# PIL's weights of red, green and blue.
_GREY = np.array([19595, 38470, 7471], np.float32) / 65536


@dataclasses.dataclass(frozen=True)
class Signatures:
    """Perceptual hash of faces: their lowest DCT frequencies, and how much is left in the others.

    Kept as numbers, not as signs: then the product of two codes is never below the correlation of
    the standardised faces (by Cauchy and Schwarz), so a floor on it loses no pair above that floor.
    """

    code: Float32[np.ndarray, "face number"]
    mirrored: Float32[np.ndarray, "face number"]
    """Codes of the same faces seen in a mirror."""


def standardise(
    pixels: UInt8[np.ndarray, "face height width channel"],
) -> Float32[np.ndarray, "face 32 32"]:
    """Reduces faces to smoothed 32x32 grey squares of mean 0 and length 1.

    The product of two such squares is the correlation of their faces. Without the smoothing, which
    mixes each cell with its neighbours, a stroke as thin as a cell would miss itself once shifted.

    Args:
      pixels: Faces, uint8 `[face, height, width, channel]`; both sides are multiples of 32.

    Returns:
      The squares, `[face, 32, 32]`; zeros for a face of one value.
    """
    num_faces, height, width, channels = pixels.shape
    grey = pixels[..., 0].astype(np.float32) if channels == 1 else pixels @ _GREY
    cells = grey.reshape(num_faces, SIDE, height // SIDE, SIDE, width // SIDE).mean(axis=(2, 4))
    return _centre_and_scale(_smooth(cells))


def sign(standardised: Float[np.ndarray, "face 32 32"]) -> Signatures:
    """Computes the perceptual hash of standardised faces.

    Args:
      standardised: Squares of `standardise`, `[face, 32, 32]`.

    Returns:
      Codes of the faces and of their mirror images.
    """
    waves = scipy.fft.dctn(standardised.astype(np.float32), axes=(1, 2), norm="ortho")
    low = waves[:, :LOWEST, :LOWEST]
    # A mirror changes the sign of the waves that are odd from left to right.
    odd = np.where(np.arange(LOWEST) % 2, np.float32(-1), np.float32(1))
    rest = np.sqrt(np.maximum(0, 1 - np.square(low).sum(axis=(1, 2))))[:, None]
    return Signatures(
        code=np.concatenate([low.reshape(len(low), -1), rest], axis=1),
        mirrored=np.concatenate([(low * odd).reshape(len(low), -1), rest], axis=1),
    )


def _smooth(cells: Float32[np.ndarray, "face 32 32"]) -> Float32[np.ndarray, "face 32 32"]:
    padded = np.pad(cells, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
    return (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 4


def _centre_and_scale(
    cells: Float32[np.ndarray, "face 32 32"],
) -> Float32[np.ndarray, "face 32 32"]:
    cells = cells - cells.mean(axis=(1, 2), keepdims=True)
    length = np.sqrt(np.square(cells).sum(axis=(1, 2), keepdims=True))
    return cells / np.maximum(length, np.float32(1e-3))
