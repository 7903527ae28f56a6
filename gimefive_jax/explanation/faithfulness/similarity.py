"""How alike two heat maps are: rank correlation and structural similarity."""

import flax.struct
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from gimefive_jax.structs import AnyArray

# Of the windows in which structure is compared, and its two constants; as in the paper and in
# scikit-image, for maps from 0 to 1.
WINDOW = 7
_C1, _C2 = 0.01**2, 0.03**2


@flax.struct.dataclass
class Similarity:
    """How alike the absolute values of two maps of each face are."""

    spearman: Float[AnyArray, " batch"]
    """Rank correlation, from -1 to 1; 0 for unrelated maps."""
    ssim: Float[AnyArray, " batch"]
    """Structural similarity, from -1 to 1; unrelated maps need not reach 0."""


def similarity(
    heat_map: Float[AnyArray, "batch rows columns"], other: Float[AnyArray, "batch rows columns"]
) -> Similarity:
    """Compares the absolute values of two maps of each face, each over its largest.

    Args:
      heat_map: Maps of any sign and scale.
      other: Others on the same grid.

    Returns:
      Both measures, `[batch]`.

    References:
      Adebayo et al., 2018, https://arxiv.org/abs/1810.03292
    """
    one, two = _strength(heat_map), _strength(other)
    return Similarity(spearman=spearman(one, two), ssim=ssim(one, two))


def spearman(
    values: Float[AnyArray, "batch *cells"], others: Float[AnyArray, "batch *cells"]
) -> Float[Array, " batch"]:
    """Computes the rank correlation of two arrays of each face; equal values share their mean rank.

    Args:
      values: `[batch, ...]`.
      others: Of the same shape.

    Returns:
      From -1 to 1, `[batch]`; 0 where all values of an array are equal, as they have no order.

    References:
      Spearman, 1904, https://doi.org/10.2307/1412159
    """
    one, two = _centred_ranks(values), _centred_ranks(others)
    size = jnp.sqrt((one**2).sum(-1) * (two**2).sum(-1))
    return jnp.where(size > 0, (one * two).sum(-1) / jnp.where(size > 0, size, 1), 0)


def ssim(
    heat_map: Float[AnyArray, "batch rows columns"], other: Float[AnyArray, "batch rows columns"]
) -> Float[Array, " batch"]:
    """Computes the mean structural similarity of maps from 0 to 1, in even windows of 7 by 7 cells.

    Args:
      heat_map: Maps from 0 to 1. Where one has fewer than 7 rows or columns, a window has them all.
      other: Others on the same grid.

    Returns:
      From -1 to 1, `[batch]`; 1 for equal maps.

    References:
      Wang et al., 2004, https://doi.org/10.1109/TIP.2003.819861
    """
    one, two = jnp.asarray(heat_map), jnp.asarray(other)
    window = (min(WINDOW, one.shape[1]), min(WINDOW, one.shape[2]))
    count = window[0] * window[1]

    def mean(x: Array) -> Array:
        sums = jax.lax.reduce_window(x, 0.0, jax.lax.add, (1, *window), (1, 1, 1), "valid")
        return sums / count

    mean_one, mean_two = mean(one), mean(two)
    unbiased = count / max(count - 1, 1)
    variance = unbiased * (mean(one**2) - mean_one**2 + mean(two**2) - mean_two**2)
    covariance = unbiased * (mean(one * two) - mean_one * mean_two)
    level = (2 * mean_one * mean_two + _C1) / (mean_one**2 + mean_two**2 + _C1)
    return (level * (2 * covariance + _C2) / (variance + _C2)).mean((1, 2))


def _strength(heat_map: AnyArray) -> Float[Array, "batch rows columns"]:
    """Absolute values over the largest; zeros where there is nothing."""
    strength = jnp.abs(jnp.asarray(heat_map))
    peak = strength.max((1, 2), keepdims=True)
    return strength / jnp.where(peak > 0, peak, 1)


def _centred_ranks(values: AnyArray) -> Float[Array, "batch cell"]:
    """Mean ranks less their mean, over the number of cells."""
    flat = jnp.asarray(values).reshape(len(values), -1)
    # Equal values are ranked by their place, forwards and backwards: the mean is their mean rank.
    ranks = (_ranks(flat) + _ranks(flat[:, ::-1])[:, ::-1]) / 2
    return (ranks - (flat.shape[1] - 1) / 2) / flat.shape[1]


def _ranks(flat: Float[Array, "batch cell"]) -> Int[Array, "batch cell"]:
    return jnp.argsort(jnp.argsort(flat, axis=-1, stable=True), axis=-1)
