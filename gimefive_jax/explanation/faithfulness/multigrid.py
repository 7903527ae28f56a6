"""One multigrid cycle for the equations of linear imputation, many images side by side.

Arrays are `[height, width, image]`: neighbours are then whole rows of images, which processors add
at full speed. Barriers keep the compiler from computing an array anew wherever it is read.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

_barrier = jax.lax.optimization_barrier
# The coarsest grid has at most so many rows or columns; it is smoothed so often.
_COARSEST, _SWEEPS = 4, 4

Values = Float[Array, "height width image"]


class Grid(NamedTuple):
    """The equations of one grid: `diagonal * value - sum of weight * removed neighbour`."""

    removed: Values
    """1 where a value is unknown, else 0."""
    diagonal: Values
    inverse: Values
    """Of the diagonal; 0 where nothing is unknown."""


def neighbours(values: Values) -> Values:
    """Sums up the eight neighbours: 1/6 of those at an edge, 1/12 of those at a corner.

    Args:
      values: `[height, width, image]`; beyond the border is 0.

    Returns:
      Sums of the same shape.
    """
    wide = _barrier(jnp.pad(values, ((1, 1), (1, 1), (0, 0))))
    rows = wide[:-2] + 2 * wide[1:-1] + wide[2:]
    # The product of (1, 2, 1) along both sides has 4 in its middle, where no neighbour is.
    return (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 12 - wide[1:-1, 1:-1] / 3


def grids(removed: Values, kept: Values) -> list[Grid]:
    """Gives the equations of an image and of ever coarser ones, each of half the side.

    Args:
      removed: 1 where a pixel is removed, else 0.
      kept: 1 where it is known, else 0; neither where there is no pixel.

    Returns:
      From the finest to the coarsest.
    """
    levels = []
    leak = removed * neighbours(kept)
    while True:
        diagonal = _barrier(removed * neighbours(removed) + leak)
        # An empty diagonal has no equation either: a face that keeps no pixel.
        inverse = _barrier(
            removed * jnp.where(diagonal > 0, 1 / jnp.where(diagonal > 0, diagonal, 1), 0)
        )
        levels.append(Grid(removed, diagonal, inverse))
        height, width, count = removed.shape
        if min(height, width) <= _COARSEST or height % 2 or width % 2:
            return levels
        # A coarse cell is unknown where any of its pixels is. What its pixels are tied to kept ones
        # ties it; ties among cells do not depend on the scale in two dimensions.
        cells = removed.reshape(height // 2, 2, width // 2, 2, count)
        removed = _barrier(cells.max((1, 3)))
        leak = _barrier(removed * _coarser(leak))


def apply(grid: Grid, values: Values) -> Values:
    """Computes the left side of the equations.

    Args:
      grid: The equations.
      values: Of the unknown; 0 elsewhere.

    Returns:
      `[height, width, image]`.
    """
    return grid.diagonal * values - grid.removed * neighbours(values)


def cycle(levels: list[Grid], residual: Values) -> Values:
    """Estimates the error that belongs to a residual: a symmetric V-cycle.

    Args:
      levels: Equations from fine to coarse.
      residual: Right side less left side on the finest grid.

    Returns:
      The estimate; it depends linearly on the residual.

    References:
      Trottenberg, Oosterlee and Schueller, Multigrid, 2001, chapter 2.
    """
    grid, coarser = levels[0], levels[1:]
    error = grid.inverse * residual
    if not coarser:
        for _ in range(_SWEEPS):
            error = _smoothed(grid, error, residual)
        return error
    rest = _barrier(coarser[0].removed * _coarser(residual - apply(grid, error)))
    error = _barrier(error + grid.removed * _finer(cycle(coarser, rest)))
    return _smoothed(grid, error, residual)


def _smoothed(grid: Grid, error: Values, residual: Values) -> Values:
    """A Jacobi sweep, which takes a third of what changes from pixel to pixel."""
    return _barrier(error + grid.inverse * (residual - apply(grid, error)))


def _finer(values: Values) -> Float[Array, "2*height 2*width image"]:
    """Linear interpolation on a grid of twice the side: 3/4 of the nearer cell, 1/4 of the next."""
    height, width, count = values.shape
    wide = _barrier(jnp.pad(values, ((1, 1), (1, 1), (0, 0))))
    pair = (wide[:-2] + 3 * wide[1:-1], wide[2:] + 3 * wide[1:-1])
    tall = _barrier(jnp.stack(pair, 1).reshape(2 * height, width + 2, count))
    pair = (tall[:, :-2] + 3 * tall[:, 1:-1], tall[:, 2:] + 3 * tall[:, 1:-1])
    return jnp.stack(pair, 2).reshape(2 * height, 2 * width, count) / 16


def _coarser(values: Values) -> Float[Array, "height//2 width//2 image"]:
    """The transpose of `_finer`."""
    wide = _barrier(jnp.pad(values, ((1, 1), (1, 1), (0, 0))))
    low = _barrier(wide[:-3:2] + 3 * (wide[1:-2:2] + wide[2:-1:2]) + wide[3::2])
    return (low[:, :-3:2] + 3 * (low[:, 1:-2:2] + low[:, 2:-1:2]) + low[:, 3::2]) / 16
