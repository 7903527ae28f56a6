"""Building blocks of the face networks: depthwise convolutions, blocks of them, PReLU."""

import flax.linen as nn
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float


class PRelu(nn.Module):
    """ReLU whose slope below zero is learned, one for each channel.

    References:
      He, Zhang, Ren and Sun, 2015, https://arxiv.org/abs/1502.01852
    """

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch height width channel"]
    ) -> Float[Array, "batch height width channel"]:
        """`x` where it is positive, else the slope times `x`."""
        slope = self.param("slope", nn.initializers.constant(0.25), (x.shape[-1],))
        return jnp.where(x >= 0, x, slope * x)


class DepthwiseConv(nn.Module):
    """3x3 convolution of each channel by itself, with bias and same padding.

    Attributes:
      stride: 1, or 2 for half the height and width.
    """

    stride: int = 1

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch height width channel"]
    ) -> Float[Array, "batch out_height out_width channel"]:
        """Convolved `x`."""
        channels = x.shape[-1]
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (3, 3, 1, channels))
        bias = self.param("bias", nn.initializers.zeros, (channels,))

        def shifted(x: Array, kernel: Array) -> Array:
            return shifted_products(x, kernel, stride=self.stride)

        def grouped(x: Array, kernel: Array) -> Array:
            return grouped_convolution(x, kernel, stride=self.stride)

        # Chosen when the program is lowered: XLA's grouped convolution is slow on CPU alone.
        return lax.platform_dependent(x, kernel, cpu=shifted, default=grouped) + bias


def grouped_convolution(
    x: Float[Array, "batch height width channel"],
    kernel: Float[Array, "3 3 1 channel"],
    *,
    stride: int,
) -> Float[Array, "batch out_height out_width channel"]:
    """XLA's own convolution of each channel by itself."""
    return lax.conv_general_dilated(
        x,
        kernel,
        (stride, stride),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=x.shape[-1],
    )


def shifted_products(
    x: Float[Array, "batch height width channel"],
    kernel: Float[Array, "3 3 1 channel"],
    *,
    stride: int,
) -> Float[Array, "batch out_height out_width channel"]:
    """The same as nine products of shifted inputs with one weight for each channel, summed."""
    rows, columns = (-(-size // stride) for size in x.shape[1:3])
    padded = jnp.pad(x, ((0, 0), *(_margins(size, stride) for size in x.shape[1:3]), (0, 0)))
    total = jnp.zeros((x.shape[0], rows, columns, x.shape[3]), x.dtype)
    for i in range(3):
        for j in range(3):
            last_row, last_column = i + (rows - 1) * stride + 1, j + (columns - 1) * stride + 1
            total += padded[:, i:last_row:stride, j:last_column:stride] * kernel[i, j, 0]
    return total


def _margins(size: int, stride: int) -> tuple[int, int]:
    """Rows added before and after, as TensorFlow's same padding has them: the odd one after."""
    missing = max((-(-size // stride) - 1) * stride + 3 - size, 0)
    return missing // 2, missing - missing // 2


class BlazeBlock(nn.Module):
    """Depthwise and 1x1 convolution beside a shortcut, then an activation.

    Where the stride is 2 the shortcut is a max pooling; channels that it lacks are zeros.

    Attributes:
      features: Number of output channels, at least those of the input.
      stride: 1, or 2 for half the height and width.
      learned_slope: Whether the activation is a PReLU; else it is a ReLU.

    References:
      Bazarevsky et al., 2019, https://arxiv.org/abs/1907.05047
    """

    features: int
    stride: int = 1
    learned_slope: bool = True

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch height width channel"]
    ) -> Float[Array, "batch out_height out_width {self.features}"]:
        """Features of the same grid, or of the next, coarser one."""
        shortcut = x if self.stride == 1 else nn.max_pool(x, (2, 2), (2, 2))
        missing = self.features - x.shape[-1]
        shortcut = jnp.pad(shortcut, ((0, 0), (0, 0), (0, 0), (0, missing)))
        x = DepthwiseConv(stride=self.stride, name="depthwise")(x)
        x = nn.Conv(self.features, (1, 1), name="pointwise")(x)
        activation = PRelu(name="activation") if self.learned_slope else nn.relu
        return activation(x + shortcut)
