"""Building blocks of the face networks: first layer, depthwise convolutions, blocks of them."""

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from gimefive_jax.models.blocks import max_pool
from gimefive_jax.models.convolution import by_platform, is_plain


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


def stem_conv(features: int, size: int, *, name: str) -> nn.Conv:
    """Gives the first layer: a convolution of few channels to half the height and width."""
    return nn.Conv(
        features, (size, size), strides=(2, 2), conv_general_dilated=_convolve_image, name=name
    )


def pointwise_conv(features: int, *, name: str) -> nn.Conv:
    """Gives a 1x1 convolution: a product over the channels, which XLA compiles faster as such."""
    return nn.Conv(features, (1, 1), conv_general_dilated=_multiply_channels, name=name)


def _multiply_channels(
    x: Float[Array, "batch height width channel"],
    kernel: Float[Array, "1 1 channel features"],
    strides: Sequence[int],
    padding: str,
    **rest: Any,
) -> Float[Array, "batch height width features"]:
    if is_plain():
        return lax.conv_general_dilated(x, kernel, strides, padding, **rest)
    product = jnp.dot(x.reshape(-1, x.shape[-1]), kernel[0, 0], precision=rest["precision"])
    return product.reshape(*x.shape[:3], -1)


def _convolve_image(
    x: Float[Array, "batch height width channel"],
    kernel: Float[Array, "size size channel features"],
    strides: Sequence[int],
    padding: str,
    **rest: Any,
) -> Float[Array, "batch out_height out_width features"]:
    """What `lax.conv_general_dilated` gives for the same arguments, within rounding."""

    def plain(x: Array, kernel: Array) -> Array:
        return lax.conv_general_dilated(x, kernel, strides, padding, **rest)

    # XLA's convolution is slow on CPU for so few channels.
    return by_platform(x, kernel, cpu=pairs_product, default=plain)


def pairs_product(
    x: Float[Array, "batch height width channel"],
    kernel: Float[Array, "size size channel features"],
) -> Float[Array, "batch height//2 width//2 features"]:
    """The convolution of stride 2 and same padding as one product, two outputs in a row of it.

    What is under the windows of two neighbours is long enough to be copied fast, unlike the few
    channels of one pixel; the zeros that it costs are cheap.

    Args:
      x: Height is a multiple of 2, width one of 4.
      kernel: Of size 3 or 5.
    """
    size, _, channels, features = kernel.shape
    batch, height, width, _ = x.shape
    blocks, beyond = width // 4, size - 2
    before, _ = _margins(height, 2, size)
    margins = ((before, beyond - before), (before, 4 - before))
    padded = jnp.pad(x, ((0, 0), *margins, (0, 0))).reshape(batch, -1, blocks + 1, 4 * channels)
    # Four pixels, and those of the next four that lie under the second window.
    row = jnp.concatenate([padded[:, :, :-1], padded[:, :, 1:, : beyond * channels]], axis=-1)
    patches = jnp.concatenate([row[:, i : i + height - 1 : 2] for i in range(size)], axis=-1)
    kernels = [jnp.pad(kernel, ((0, 0), (2 * q, 2 - 2 * q), (0, 0), (0, 0))) for q in (0, 1)]
    both = jnp.stack(kernels, axis=3).reshape(-1, 2 * features)
    return (patches.reshape(-1, len(both)) @ both).reshape(batch, height // 2, -1, features)


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

        # XLA's grouped convolution is slow on CPU alone.
        return by_platform(x, kernel, cpu=shifted, default=grouped) + bias


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
    padded = jnp.pad(x, ((0, 0), *(_margins(size, stride, 3) for size in x.shape[1:3]), (0, 0)))
    # Otherwise the padding is computed anew for each of the nine.
    padded = lax.optimization_barrier(padded)
    total = jnp.zeros((x.shape[0], rows, columns, x.shape[3]), x.dtype)
    for i in range(3):
        for j in range(3):
            last_row, last_column = i + (rows - 1) * stride + 1, j + (columns - 1) * stride + 1
            total += padded[:, i:last_row:stride, j:last_column:stride] * kernel[i, j, 0]
    return total


def _margins(size: int, stride: int, window: int) -> tuple[int, int]:
    """Rows added before and after, as TensorFlow's same padding has them: the odd one after."""
    missing = max((-(-size // stride) - 1) * stride + window - size, 0)
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
        shortcut = x if self.stride == 1 else max_pool(x)
        missing = self.features - x.shape[-1]
        shortcut = jnp.pad(shortcut, ((0, 0), (0, 0), (0, 0), (0, missing)))
        x = DepthwiseConv(stride=self.stride, name="depthwise")(x)
        x = pointwise_conv(self.features, name="pointwise")(x)
        activation = PRelu(name="activation") if self.learned_slope else nn.relu
        return activation(x + shortcut)
