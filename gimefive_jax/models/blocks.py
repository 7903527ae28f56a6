"""Building blocks shared by the architectures."""

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

# flax keeps this share of the old running statistics; torch's momentum 0.1 says the same.
BATCH_NORM_MOMENTUM = 0.9


class Relu(nn.Module):
    """ReLU with a name, so that its output can be addressed by an explanation."""

    @nn.compact
    def __call__(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """Positive part of `x`."""
        return nn.relu(x)


class ConvBlock(nn.Module):
    """3x3 convolution, batch norm, ReLU; then half the height and width."""

    features: int
    dropout_rate: float = 0.0

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch height width channel"], *, train: bool
    ) -> Float[Array, "batch height//2 width//2 {self.features}"]:
        """Features of the next, coarser grid."""
        x = nn.Conv(self.features, (3, 3), name="conv")(x)
        x = nn.BatchNorm(use_running_average=not train, momentum=BATCH_NORM_MOMENTUM, name="norm")(
            x
        )
        x = Relu(name="activation")(x)  # named, because this is where faces are explained
        x = max_pool(x)
        return nn.Dropout(self.dropout_rate, deterministic=not train, name="dropout")(x)


def max_pool(
    x: Float[Array, "batch height width channel"],
) -> Float[Array, "batch height//2 width//2 channel"]:
    """Largest value of each 2x2 window; equal largest values share the gradient."""
    # Maxima of strided slices: on CPU their backward pass is several times faster than that of
    # nn.max_pool, whose select-and-scatter XLA does not vectorise.
    top = jnp.maximum(x[:, 0::2, 0::2], x[:, 0::2, 1::2])
    bottom = jnp.maximum(x[:, 1::2, 0::2], x[:, 1::2, 1::2])
    return jnp.maximum(top, bottom)


def global_average_pool(
    x: Float[Array, "batch height width channel"],
) -> Float[Array, "batch channel"]:
    """Mean over the grid."""
    return jnp.mean(x, axis=(1, 2))
