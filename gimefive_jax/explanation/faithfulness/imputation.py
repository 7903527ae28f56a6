"""Removed pixels filled from their neighbours, for many images at once.

Each removed pixel becomes the weighted mean of its neighbours, removed or not: a sparse system of
linear equations per image. It is solved by conjugate gradients; one multigrid cycle per iteration
carries values across large holes, so that about ten iterations do where hundreds were needed.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from gimefive_jax.explanation.faithfulness.multigrid import Grid, apply, cycle, grids, neighbours
from gimefive_jax.structs import AnyArray

TOLERANCE = 3e-5
"""Largest residual of an equation, and estimate of the largest error of a pixel, that may remain.
Pixels lie in [0, 1]; in float32 a tenth of it is within reach."""
MAX_ITERATIONS = 60
# Images in one loop on a CPU: few enough for its cache. Two loops at a time keep two cores busy.
_AT_ONCE, _LOOPS = 32, 2
# Sides are filled up to a multiple of this, so that the grid can be halved often enough.
_MULTIPLE = 16


class _Iterate(NamedTuple):
    """Conjugate gradients at work; every array is `[height, width, image]` or `[image]`."""

    number: Array
    """Of iterations so far."""
    solution: Array
    residual: Array
    direction: Array
    product: Array
    """Of residual and preconditioned residual."""
    done: Array
    """Images that take no further step; so no image depends on those beside it."""


def impute(
    images: Float[AnyArray, "image height width channel"],
    removed: Bool[AnyArray, "image height width"],
    *,
    tolerance: float = TOLERANCE,
) -> Float[Array, "image height width channel"]:
    """Fills removed pixels by linear imputation, as ROAD does before it adds its noise.

    Neighbours at an edge of a pixel weigh 1/6, those at a corner 1/12; beyond the border there is
    no neighbour, and the others count for more.

    Args:
      images: Pixels from 0 to 1.
      removed: True on the pixels to be filled; at least one pixel of each image stays.
      tolerance: Largest residual, and estimated error, of a pixel.

    Returns:
      The images; kept pixels are unchanged.

    Example:
      >>> import numpy as np
      >>> ramp = np.broadcast_to(np.arange(5.0)[:, None, None], (1, 5, 5, 1)) / 4
      >>> removed = np.zeros((1, 5, 5), bool)
      >>> removed[0, 1:4, 1:4] = True
      >>> bool(np.allclose(impute(np.where(removed[..., None], 9, ramp), removed), ramp, atol=1e-4))
      True

    References:
      Rong et al., 2022, https://arxiv.org/abs/2202.00449
    """
    num_channels = images.shape[-1]
    gone = jnp.repeat(jnp.moveaxis(jnp.asarray(removed), 0, -1), num_channels, axis=-1)
    known = jnp.moveaxis(jnp.asarray(images, jnp.float32), (0, 3), (2, 3)).reshape(gone.shape)
    solve = functools.partial(_solve, tolerance=tolerance)
    filled = jax.lax.platform_dependent(
        known, gone, cpu=functools.partial(_in_parts, solve), default=solve
    )
    return jnp.moveaxis(filled.reshape(*filled.shape[:2], -1, num_channels), 2, 0)


def residual(
    filled: Float[AnyArray, "image height width channel"],
    removed: Bool[AnyArray, "image height width"],
) -> Float[Array, " image"]:
    """Computes by how much filled pixels miss the weighted mean of their neighbours at most.

    Args:
      filled: Images that `impute` gave.
      removed: Its argument.

    Returns:
      The largest miss of each image, `[image]`.
    """
    last = jnp.moveaxis(jnp.asarray(filled), 0, -1).reshape(*filled.shape[1:3], -1)
    weight = neighbours(jnp.ones(last.shape[:2])[..., None])
    miss = jnp.abs(neighbours(last) - weight * last).reshape(*filled.shape[1:], -1).max(2)
    return jnp.where(jnp.asarray(removed), jnp.moveaxis(miss, -1, 0), 0).max((1, 2))


def _in_parts(
    solve: Callable[[Array, Array], Array],
    known: Float[Array, "height width image"],
    gone: Bool[Array, "height width image"],
) -> Float[Array, "height width image"]:
    """Solves as many images at a time as fit into a cache, in two loops side by side."""
    height, width, count = known.shape
    size = min(_AT_ONCE, count)
    lanes = min(_LOOPS, -(-count // size))
    fill = -count % (size * lanes)

    def parted(array: Array) -> Array:
        padded = jnp.pad(array, ((0, 0), (0, 0), (0, fill)))
        return jnp.moveaxis(padded.reshape(height, width, -1, lanes, size), (2, 3), (1, 0))

    parts = parted(known), parted(gone)
    # Two loops that need nothing of each other run at the same time.
    solved = [
        jax.lax.map(lambda part: solve(*part), (parts[0][lane], parts[1][lane]))
        for lane in range(lanes)
    ]
    joined = jnp.moveaxis(jnp.stack(solved), (0, 1), (3, 2))
    return joined.reshape(height, width, -1)[..., :count]


def _solve(
    known: Float[Array, "height width image"],
    gone: Bool[Array, "height width image"],
    *,
    tolerance: float,
) -> Float[Array, "height width image"]:
    height, width, _ = known.shape
    margin = ((0, -height % _MULTIPLE), (0, -width % _MULTIPLE), (0, 0))
    gone = jnp.pad(gone, margin).astype(jnp.float32)
    kept = jnp.pad(jnp.ones_like(known), margin) - gone
    known = jnp.pad(known, margin)
    levels = grids(gone, kept)
    start = gone * neighbours(kept * known)
    step = cycle(levels, start)
    first = _Iterate(
        number=jnp.zeros((), jnp.int32),
        solution=jnp.zeros_like(known),
        residual=start,
        direction=step,
        product=_dot(start, step),
        done=_is_small(start, step, tolerance),
    )
    found = jax.lax.while_loop(
        lambda now: ~now.done.all() & (now.number < MAX_ITERATIONS),
        lambda now: _next(now, levels, tolerance),
        first,
    )
    return jnp.where(gone > 0, found.solution, known)[:height, :width]


def _next(now: _Iterate, levels: list[Grid], tolerance: float) -> _Iterate:
    """One iteration of conjugate gradients, preconditioned by a multigrid cycle."""
    image = jax.lax.optimization_barrier(apply(levels[0], now.direction))
    length = _quotient(now.product, _dot(now.direction, image), now.done)
    solution, residual = jax.lax.optimization_barrier(
        (now.solution + length * now.direction, now.residual - length * image)
    )
    step = cycle(levels, residual)
    product = _dot(residual, step)
    return _Iterate(
        number=now.number + 1,
        solution=solution,
        residual=residual,
        direction=step + _quotient(product, now.product, now.done) * now.direction,
        product=product,
        done=now.done | _is_small(residual, step, tolerance),
    )


def _is_small(residual: Array, step: Array, tolerance: float) -> Array:
    """Whether the residual is small, and so is the error, which the cycle's step estimates."""
    largest = jnp.maximum(jnp.abs(residual).max((0, 1)), jnp.abs(step).max((0, 1)))
    return largest <= tolerance


def _quotient(numerator: Array, denominator: Array, done: Array) -> Array:
    """0 for an image that is done, else the quotient; its denominator is then positive."""
    runs = ~done & (denominator > 0)
    return jnp.where(runs, numerator / jnp.where(runs, denominator, 1), 0)


def _dot(one: Array, other: Array) -> Array:
    return (one * other).sum((0, 1))
