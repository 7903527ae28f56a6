"""How concentrated a map is, whatever the network does: Gini index and entropy."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from gimefive_jax.explanation.faithfulness.order import enlarged
from gimefive_jax.structs import AnyArray


def gini(
    mass: Float[AnyArray, "batch rows columns"], x: Float[AnyArray, "batch height width channel"]
) -> Float[Array, " batch"]:
    """Computes the Gini index of each map, enlarged to the pixels of the face.

    Args:
      mass: Maps without negative cells, each with sum 1.
      x: Faces, for their size alone.

    Returns:
      0 for a uniform map, nearly 1 where all mass lies in one pixel, `[batch]`. With all mass in
      one of n cells it is 1 - 1 / n.

    References:
      Chalasani et al., 2020, https://arxiv.org/abs/1810.06583
    """
    values = jnp.sort(_of_pixels(mass, x), axis=1)
    count = values.shape[1]
    place = (2 * jnp.arange(1, count + 1) - count - 1) / count
    return jnp.clip((place * values).sum(1), 0, 1)


def entropy(
    mass: Float[AnyArray, "batch rows columns"], x: Float[AnyArray, "batch height width channel"]
) -> Float[Array, " batch"]:
    """Computes the entropy of each map over that of a uniform one, both over the face's pixels.

    Args:
      mass: Maps without negative cells, each with sum 1.
      x: Faces, for their size alone.

    Returns:
      1 for a uniform map, 0 where all mass lies in one pixel, `[batch]`. A coarse map keeps the
      entropy inside its cells: with all mass in one of 4x4 cells of 64x64 pixels it is 2/3.

    References:
      Bhatt, Weller and Moura, 2020, https://arxiv.org/abs/2005.00631
    """
    values = _of_pixels(mass, x)
    terms = values * jnp.log(jnp.where(values > 0, values, 1))
    return jnp.clip(-terms.sum(1) / math.log(values.shape[1]), 0, 1)


def _of_pixels(mass: AnyArray, x: AnyArray) -> Float[Array, "batch pixel"]:
    height, width = x.shape[1:3]
    values = enlarged(jnp.asarray(mass), (height, width)).reshape(len(mass), -1)
    return values / values.sum(1, keepdims=True)
