"""Faces between black and white: the scale of a network's input, and blur on it."""

import functools

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gimefive_jax.structs import PixelScale

__all__ = ["BLUR_SIGMA", "PixelScale", "blurred"]

BLUR_SIGMA = 5 / 64
"""Of the blurred faces that stand for absent evidence, as a share of the face's side."""


def blurred(
    x: Float[Array, "*rest height width channel"], *, sigma: float = BLUR_SIGMA
) -> Float[Array, "*rest height width channel"]:
    """Computes faces smoothed by a Gaussian; what lies beyond an edge is as the edge.

    Args:
      x: Faces in any units; blur keeps black and white as they are.
      sigma: Standard deviation as a share of the side, along each side.

    Returns:
      Faces of the same shape.
    """
    height, width = x.shape[-3:-1]
    rows, columns = _smoothing(height, sigma * height), _smoothing(width, sigma * width)
    # A product with a matrix for each side: small, exact at the edges, and differentiable.
    product = functools.partial(jnp.einsum, precision="highest")
    return product("...wc,wj->...jc", product("...hwc,hi->...iwc", x, rows), columns)


@functools.cache
def _smoothing(size: int, sigma: float) -> Float[np.ndarray, "size size"]:
    """Weight of each pixel (row) in each smoothed pixel (column)."""
    # Imported here: it takes a quarter of a second, and most methods blur nothing.
    from scipy.ndimage import gaussian_filter1d

    identity = np.eye(size, dtype=np.float64)
    return gaussian_filter1d(identity, sigma, axis=1, mode="nearest").astype(np.float32)
