"""Whether a map stays when the face hardly changes, and foretells changes of the score."""

import dataclasses
from collections.abc import Callable
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gimefive_jax.explanation.faithfulness.mass import is_in_cell
from gimefive_jax.explanation.faithfulness.similarity import spearman
from gimefive_jax.structs import AnyArray, PixelScale

# Noise is drawn from these numbers, the same for every face.
_SENSITIVITY_SEED, _INFIDELITY_SEED = 31, 32
# Least number by which a map is divided.
_TINY = 1e-30


@dataclasses.dataclass(frozen=True)
class MaxSensitivity:
    """How far a map moves at most when the face hardly changes; 0 is best.

    Each pixel is made brighter or darker by an even draw, alike in all channels and for every face.
    The value is the largest |map(changed) - map(x)| / |map(x)| over the draws, with the
    Euclidean length over the cells; a map of zeros counts as of length 1.

    Args:
      radius: Largest change of a pixel, as a share of the range from black to white.
      draws: Changed copies of each face. All are explained at once, so a batch of b faces takes the
        memory of b * draws.

    References:
      Yeh et al., 2019, https://arxiv.org/abs/1901.09392
    """

    radius: float = 0.02
    draws: int = 10
    name: ClassVar[str] = "max_sensitivity"

    def __call__(
        self,
        heat_map: Float[AnyArray, "batch rows columns"],
        x: Float[AnyArray, "batch height width channel"],
        explain: Callable[[Array], Array],
        pixels: PixelScale,
    ) -> Float[Array, " batch"]:
        """Measures the maps of one method, of which `explain` gives those of changed faces."""
        heat_map = _numbers(heat_map)
        key, shape = jax.random.key(_SENSITIVITY_SEED), (self.draws, *x.shape[1:3], 1)
        change = jax.random.uniform(key, shape, jnp.float32, -self.radius, self.radius)
        moved = explain_copies(explain, jnp.asarray(x)[:, None] + change * pixels.range)
        # Over the peak first, as squares of very small or large values are no numbers.
        peak = _or_one(jnp.abs(heat_map).max((1, 2)))[:, None, None]
        steps = _length((moved - heat_map[:, None]) / peak[:, None])
        return steps.max(1) / _or_one(_length(heat_map / peak))


@dataclasses.dataclass(frozen=True)
class FlipConsistency:
    """Rank correlation of the mirrored face's map with the mirrored map, from -1 to 1; 1 is best.

    It is 0 where a map is the same everywhere.
    """

    name: ClassVar[str] = "flip_consistency"

    def __call__(
        self,
        heat_map: Float[AnyArray, "batch rows columns"],
        x: Float[AnyArray, "batch height width channel"],
        explain: Callable[[Array], Array],
    ) -> Float[Array, " batch"]:
        """Measures the maps of one method, of which `explain` gives those of mirrored faces."""
        mirrored = explain(jnp.asarray(x[:, :, ::-1]))
        return spearman(_numbers(mirrored), _numbers(heat_map)[:, :, ::-1])


@dataclasses.dataclass(frozen=True)
class Infidelity:
    """Which part of the score's changes under noise a map does not foretell; 0 is best.

    Gaussian noise is taken from every pixel, alike in all channels and for every face. The map
    foretells a change by the sum of map times noise. Maps have units of their own, so it is first
    scaled by the best factor that is not negative; the squares that then remain are divided by the
    squared changes. A map that knows nothing reaches 1 - 1 / (2 draws) on average; a score that
    never changes gives 0.

    Args:
      sigma: Standard deviation of the noise, as a share of the range from black to white.
      draws: Changed copies of each face.

    References:
      Yeh et al., 2019, https://arxiv.org/abs/1901.09392; times the mean squared change it is
      captum's `infidelity(..., normalize=True)` where the best factor is positive.
    """

    sigma: float = 0.1
    draws: int = 50
    name: ClassVar[str] = "infidelity"

    def __call__(
        self,
        heat_map: Float[AnyArray, "batch rows columns"],
        x: Float[AnyArray, "batch height width channel"],
        score: Callable[[Array], Array],
        pixels: PixelScale,
    ) -> Float[Array, " batch"]:
        """Measures maps of any method, or baselines; a cell counts for each of its pixels."""
        heat_map, x = _numbers(heat_map), jnp.asarray(x)
        size, grid = x.shape[1:3], heat_map.shape[1:]
        key = jax.random.key(_INFIDELITY_SEED)
        noise = self.sigma * jax.random.normal(key, (self.draws, *size), jnp.float32)
        in_row, in_column = (is_in_cell(*pair) for pair in zip(size, grid, strict=True))
        in_cell = jnp.einsum("dhw,rh,cw->drc", noise, in_row, in_column, precision="highest")
        scaled = heat_map / jnp.maximum(jnp.abs(heat_map).max((1, 2), keepdims=True), _TINY)
        foretold = jnp.einsum("drc,brc->db", in_cell, scaled, precision="highest")
        change = score(x[None]) - score(x - noise[:, None, :, :, None] * pixels.range)
        # 1 - cos^2 of the angle between both, where it is acute.
        together = jnp.maximum((foretold * change).sum(0), 0)
        left = 1 - together**2 / _or_one((foretold**2).sum(0) * (change**2).sum(0))
        return jnp.where((change == 0).all(0), 0, jnp.clip(left, 0, 1))


def explain_copies(
    explain: Callable[..., Array], copies: Float[Array, "batch copy height width channel"]
) -> Float[Array, "batch copy rows columns"]:
    """Gives the maps of several copies of each face, all in one call.

    Args:
      explain: `[batch, height, width, channel] -> [batch, rows, columns]` for each batch size.
      copies: Changed faces, those of a face side by side, so that they stay on its device.

    Returns:
      Their maps.
    """
    batch, copy = copies.shape[:2]
    maps = _numbers(explain(copies.reshape(batch * copy, *copies.shape[2:])))
    return maps.reshape(batch, copy, *maps.shape[1:])


def _numbers(heat_map: Float[AnyArray, "batch rows columns"]) -> Float[Array, "..."]:
    """Zeros in the place of a map with a value that is no finite number."""
    heat_map = jnp.asarray(heat_map)
    return jnp.where(jnp.isfinite(heat_map).all((1, 2), keepdims=True), heat_map, 0)


def _length(heat_map: Float[Array, "*rest rows columns"]) -> Float[Array, "*rest"]:
    return jnp.sqrt((heat_map**2).sum((-2, -1)))


def _or_one(values: Float[Array, " batch"]) -> Float[Array, " batch"]:
    """Divisors that are 1 instead of 0."""
    return jnp.where(values > 0, values, 1)
