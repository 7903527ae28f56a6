"""Which channels of a layer a face excites most."""

import flax.struct
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from gimefive_jax.structs import AnyArray


@flax.struct.dataclass
class StrongestChannels:
    """The channels of a layer with the largest mean activation, of each face its own."""

    number: Int[AnyArray, "batch channel"]
    """Which channels of the layer, the strongest first."""
    activation: Float[AnyArray, "batch channel height width"]
    """Their activations, in the same order."""


def strongest_channels(
    activation: Float[Array, "batch height width channel"], count: int
) -> StrongestChannels:
    """Finds the channels of a layer that are strongest on average over the face.

    Args:
      activation: Output of a layer, `[batch, height, width, channel]`.
      count: How many; a layer with fewer channels gives all of them.

    Returns:
      Numbers `[batch, count]` and activations `[batch, count, height, width]`; of equally strong
      channels the one with the smaller number comes first.

    Example:
      >>> import jax.numpy as jnp
      >>> layer = jnp.broadcast_to(jnp.array([1.0, 3.0, 2.0]), (1, 4, 4, 3))
      >>> strongest_channels(layer, 2).number.tolist()
      [[1, 2]]
    """
    count = min(count, activation.shape[-1])
    _, number = jax.lax.top_k(activation.mean((1, 2)), count)
    chosen = jnp.take_along_axis(activation, number[:, None, None, :], axis=-1)
    return StrongestChannels(number.astype(jnp.int32), jnp.moveaxis(chosen, -1, 1))
