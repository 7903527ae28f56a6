"""Building blocks shared by the architectures."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from gimefive_jax.errors import InputError
from gimefive_jax.models.convolution import conv

# flax keeps this share of the old running statistics; torch's momentum 0.1 says the same.
BATCH_NORM_MOMENTUM = 0.9
SQUEEZE_EXCITE_REDUCTION = 16
# Small beside the activations, which have a deviation of about one: all places begin alike.
_CODE_DEVIATION = 0.02


class Relu(nn.Module):
    """ReLU with a name, so that its output can be addressed by an explanation."""

    @nn.compact
    def __call__(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """Positive part of `x`."""
        return nn.relu(x)


class SqueezeExcite(nn.Module):
    """Multiplies each channel by a gate in (0, 1) that depends on the means of all channels.

    References:
        Hu, Shen and Sun, 2018, https://arxiv.org/abs/1709.01507
    """

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch height width channel"]
    ) -> Float[Array, "batch height width channel"]:
        """Gated `x`."""
        features = x.shape[-1]
        squeezed = max(1, features // SQUEEZE_EXCITE_REDUCTION)
        gate = nn.Dense(squeezed, use_bias=False, name="reduce")(global_average_pool(x))
        gate = nn.Dense(features, use_bias=False, name="expand")(nn.relu(gate))
        return x * nn.sigmoid(gate)[:, None, None, :]


class ConvBlock(nn.Module):
    """3x3 convolution, batch norm, ReLU; then max pooling to half the height and width.

    Attributes:
        features: Number of output channels.
        dropout_rate: Share of the output's values that training drops, in [0, 1).
        squeeze_excite: Whether channels are gated between ReLU and pooling.
        pools: Whether there is the max pooling; without it the grid stays as fine as it was.
    """

    features: int
    dropout_rate: float = 0.0
    squeeze_excite: bool = False
    pools: bool = True

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch height width channel"], *, train: bool
    ) -> Float[Array, "batch rows columns {self.features}"]:
        """Features of the next grid."""
        x = conv(self.features, name="conv")(x)
        x = batch_norm("norm", train=train)(x)
        x = Relu(name="activation")(x)  # named, because this is where faces are explained
        if self.squeeze_excite:
            x = SqueezeExcite(name="squeeze_excite")(x)
        x = max_pool(x) if self.pools else x
        return nn.Dropout(self.dropout_rate, deterministic=not train, name="dropout")(x)


class PlaceCode(nn.Module):
    """Adds a learned array to a grid, so that what follows can tell where it is.

    Attributes:
        side: Rows and columns of the array; a grid of another size is given it interpolated.
    """

    side: int = 8

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch height width channel"]
    ) -> Float[Array, "batch height width channel"]:
        """Grid with its places marked."""
        shape = (self.side, self.side, x.shape[-1])
        code = self.param("code", nn.initializers.normal(_CODE_DEVIATION), shape)
        return x + resized_code(code, x.shape[1], x.shape[2])


class Stem(nn.Module):
    """First layer of a residual network: convolution, batch norm, ReLU.

    Attributes:
        features: Number of output channels.
        kernel_size: Side of the window, in pixels.
        stride: Steps of the window, in pixels.
        use_bias: Whether the convolution has a bias.
        squeeze_excite: Whether channels are gated after the ReLU.
    """

    features: int
    kernel_size: int
    stride: int = 1
    use_bias: bool = True
    squeeze_excite: bool = False

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch height width channel"], *, train: bool
    ) -> Float[Array, "batch height//{self.stride} width//{self.stride} {self.features}"]:
        """Features of the face."""
        x = conv(
            self.features,
            size=self.kernel_size,
            stride=self.stride,
            use_bias=self.use_bias,
            name="conv",
        )(x)
        x = batch_norm("norm", train=train)(x)
        x = Relu(name="activation")(x)
        return SqueezeExcite(name="squeeze_excite")(x) if self.squeeze_excite else x


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, the basic block of a ResNet.

    Attributes:
        features: Number of output channels.
        stride: Of the first convolution; 2 halves height and width.
        use_bias: Whether the convolutions have biases.

    References:
        He, Zhang, Ren and Sun, 2016, https://arxiv.org/abs/1512.03385
    """

    features: int
    stride: int = 1
    use_bias: bool = False

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch height width channel"], *, train: bool
    ) -> Float[Array, "batch height//{self.stride} width//{self.stride} {self.features}"]:
        """Sum of both paths, after its ReLU."""
        if self.stride != 1:
            check_even(x)
        shortcut = x
        # A projection only where the sum could not be formed without it.
        if self.stride != 1 or x.shape[-1] != self.features:
            shortcut = conv(
                self.features,
                size=1,
                stride=self.stride,
                use_bias=self.use_bias,
                name="shortcut_conv",
            )(x)
            shortcut = batch_norm("shortcut_norm", train=train)(shortcut)
        x = conv(self.features, stride=self.stride, use_bias=self.use_bias, name="conv1")(x)
        x = Relu(name="inner_activation")(batch_norm("norm1", train=train)(x))
        x = conv(self.features, use_bias=self.use_bias, name="conv2")(x)
        x = batch_norm("norm2", train=train)(x)
        return Relu(name="activation")(x + shortcut)


def batch_norm(name: str, *, train: bool) -> nn.BatchNorm:
    """Returns a batch norm over the global batch; in evaluation it uses the running statistics."""
    return nn.BatchNorm(use_running_average=not train, momentum=BATCH_NORM_MOMENTUM, name=name)


def resized_code(
    code: Float[Array, "side side channel"], rows: int, columns: int
) -> Float[Array, "{rows} {columns} channel"]:
    """Gives the code of a grid: as it is where the size is its own, else interpolated linearly.

    Args:
        code: Learned array, `[side, side, channel]`.
        rows: Of the grid.
        columns: Of the grid.
    """
    if code.shape[:2] == (rows, columns):
        return code
    # As torch's bilinear interpolation with align_corners=False.
    return jax.image.resize(code, (rows, columns, code.shape[-1]), "linear", antialias=False)


def hidden_layers(
    x: Float[Array, "batch *place channel"],
    features: tuple[int, ...],
    *,
    dropout_rates: tuple[float, ...],
    train: bool,
) -> Float[Array, "batch *place hidden"]:
    """Applies dense layers `dense1`, `dense2`, ..., each with a ReLU.

    Args:
        x: Features of each image, or of each place of its grid: then they are 1x1 convolutions.
        features: Number of outputs of each layer.
        dropout_rates: Of the dropouts behind the first layers, one each. They drop whole features:
            of an image at every place of its grid.
        train: Whether dropouts drop.
    """
    places = tuple(range(1, x.ndim - 1))
    for number, width in enumerate(features, start=1):
        x = nn.relu(nn.Dense(width, name=f"dense{number}")(x))
        if number <= len(dropout_rates):
            name = "head_dropout" if number == 1 else f"head_dropout{number}"
            x = nn.Dropout(dropout_rates[number - 1], places, deterministic=not train, name=name)(x)
    return x


def max_pool(
    x: Float[Array, "batch height width channel"],
) -> Float[Array, "batch height//2 width//2 channel"]:
    """Returns the largest value of each 2x2 window; equal largest values share the gradient.

    Raises:
        InputError: Height or width is odd.
    """
    check_even(x)
    # Maxima of strided slices: on CPU their backward pass is several times faster than that of
    # nn.max_pool, whose select-and-scatter XLA does not vectorise.
    top = jnp.maximum(_every_second(x, 0, 0), _every_second(x, 0, 1))
    bottom = jnp.maximum(_every_second(x, 1, 0), _every_second(x, 1, 1))
    return jnp.maximum(top, bottom)


def _every_second(x: Array, row: int, column: int) -> Array:
    # As x[:, row::2, column::2], which is no slice where an export leaves the batch's size open.
    return lax.slice(x, (0, row, column, 0), x.shape, (1, 2, 2, 1))


def check_even(x: Float[Array, "batch height width channel"]) -> None:
    """Checks that a grid can be halved without dropping a row or a column.

    Raises:
        InputError: Height or width is odd.
    """
    height, width = x.shape[1:3]
    if height % 2 or width % 2:
        raise InputError(
            f"a grid of {height}x{width} cannot be halved; double data.image_size for this model "
            "or lower model.depth"
        )


def global_average_pool(
    x: Float[Array, "batch height width channel"],
) -> Float[Array, "batch channel"]:
    """Returns the mean over the grid."""
    return jnp.mean(x, axis=(1, 2))
