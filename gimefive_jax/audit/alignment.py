"""Correlation of two faces after a small shift, zoom and change of light (tangent distance)."""

import numpy as np
from jaxtyping import Float, Float32

# Where the least squares have a direction that changes nothing, as in a face of plain stripes.
_RIDGE = np.float32(1e-6)
# Below this in one direction, the other direction reaches no threshold that counts.
_WORTH_BOTH = 0.9


def correlate(
    first: Float32[np.ndarray, "pair side side"], second: Float32[np.ndarray, "pair side side"]
) -> Float32[np.ndarray, " pair"]:
    """Computes the correlation of each pair of standardised faces.

    Args:
      first: Faces as `signatures.standardise` gives them, `[pair, side, side]`.
      second: The faces they are compared with, same shape.

    Returns:
      Correlations from -1 to 1, `[pair]`.
    """
    return np.einsum("pij,pij->p", first, second)


def correlate_aligned(
    first: Float32[np.ndarray, "pair side side"], second: Float32[np.ndarray, "pair side side"]
) -> Float32[np.ndarray, " pair"]:
    """Computes the correlation of each pair after the best small shift and zoom, to first order.

    One face is fitted by the other and its derivatives to the right and down (a shift) and along
    the radius (a zoom). The larger of the correlations in both directions counts.

    Args:
      first: Faces as `signatures.standardise` gives them, `[pair, side, side]`.
      second: The faces they are compared with, same shape.

    Returns:
      Correlations from 0 to 1, `[pair]`; 0 where one face is the negative of the other.

    References:
      Simard et al., 1992, tangent distance: https://doi.org/10.1007/3-540-49430-8_13
    """
    best = _fit(first, second)
    close = np.flatnonzero(best >= _WORTH_BOTH)
    best[close] = np.maximum(best[close], _fit(second[close], first[close]))
    return best


def _fit(
    target: Float32[np.ndarray, "pair side side"], face: Float32[np.ndarray, "pair side side"]
) -> Float32[np.ndarray, " pair"]:
    """Multiple correlation of `target` with `face` and what moves it; 0 where it is a negative."""
    if not len(face):
        return np.zeros(0, np.float32)
    parts = _movements(face)
    gram = parts @ parts.transpose(0, 2, 1) + _RIDGE * np.eye(parts.shape[1], dtype=np.float32)
    products = parts @ target.reshape(len(target), -1, 1)
    weights = np.linalg.solve(gram, products)
    explained = (weights * products).sum(axis=(1, 2))
    return np.where(weights[:, 1, 0] > 0, np.sqrt(np.clip(explained, 0, 1)), 0).astype(np.float32)


def _movements(
    face: Float[np.ndarray, "pair side side"],
) -> Float32[np.ndarray, "pair 5 pixel"]:
    down, right = np.gradient(face, axis=(1, 2))
    place = np.linspace(-1, 1, face.shape[-1], dtype=np.float32)
    outward = right * place + down * place[:, None]
    parts = np.stack([np.ones_like(face), face, right, down, outward], axis=1)
    return parts.reshape(len(face), 5, -1)
