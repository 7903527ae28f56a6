"""Maps of several layers, shallow and deep, fused into one on the finest grid."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gimefive_jax.explanation.calls import Trace

FUSED = "the map is fused of several layers, whose sums are not kept"
"""Why a fused map has no part of the biases and no gap."""
_JOINED_BY = "+"
_STEEPNESS = 2.0


def parts_of(layer: str) -> tuple[str, ...]:
    """Gives the layers whose maps are fused; one where the name is that of a layer.

    Args:
      layer: A name, or several joined by `+`.

    Returns:
      The names, each once.

    Example:
      >>> parts_of("block2/activation+block3/activation")
      ('block2/activation', 'block3/activation')
    """
    return tuple(dict.fromkeys(layer.split(_JOINED_BY)))


def in_order(layers: tuple[str, ...], seen: Trace) -> tuple[str, ...]:
    """Gives layers in the order of the network, the deepest last."""
    return tuple(sorted(layers, key=seen.position))


def fuse(maps: Sequence[Float[Array, "batch _ _"]]) -> Float[Array, "batch rows columns"]:
    """Fuses maps of a face: the largest of them in every cell of the finest grid.

    Of each map counts the positive part over its maximum. All but the last pass through
    `tanh(2 m)`, which raises what a shallow layer sees faintly.

    Args:
      maps: A map per face from each layer, the deepest layer last.

    Returns:
      Maps from 0 to 1; all zero where no map has a positive cell.

    References:
      Jiang et al., 2021 (LayerCAM), https://doi.org/10.1109/TIP.2021.3089943
    """
    finest = max((one.shape[1:] for one in maps), key=lambda shape: shape[0] * shape[1])
    scaled = [_over_maximum(one) for one in maps]
    scaled = [*(jnp.tanh(_STEEPNESS * one) for one in scaled[:-1]), scaled[-1]]
    grids = [jax.image.resize(one, (one.shape[0], *finest), method="nearest") for one in scaled]
    return jnp.stack(grids).max(0)


def _over_maximum(heat_map: Array) -> Array:
    positive = jax.nn.relu(heat_map)
    peak = positive.max((1, 2), keepdims=True)
    return positive / jnp.where(peak > 0, peak, 1)
