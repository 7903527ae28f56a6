"""The VGG-like network of the GiMeFive paper (arXiv 2402.15662): three pairs of convolutions."""

import flax.linen as nn
from jaxtyping import Array, Float

from gimefive_jax.models.blocks import Relu, batch_norm, hidden_layers, max_pool
from gimefive_jax.models.convolution import conv


class ConvPair(nn.Module):
    """Two 3x3 convolutions that share one batch norm; then half the height and width."""

    features: int
    dropout_rate: float = 0.0

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch height width channel"], *, train: bool
    ) -> Float[Array, "batch height//2 width//2 {self.features}"]:
        """Features of the next, coarser grid."""
        # One module called twice, as in the paper: its running statistics see both convolutions.
        norm = batch_norm("norm", train=train)
        x = norm(conv(self.features, name="conv1")(x))
        x = Relu(name="inner_activation")(x)
        x = nn.Dropout(self.dropout_rate, deterministic=not train, name="dropout")(x)
        x = norm(conv(self.features, name="conv2")(x))
        return max_pool(Relu(name="activation")(x))


class Vgg(nn.Module):
    """Logits of a normalised face, whose side `dense1` is bound to by its shape."""

    features: tuple[int, ...] = (64, 128, 256)
    hidden_features: tuple[int, ...] = (4096, 1024)
    num_classes: int = 6
    input_channels: int = 3
    dropout_rate: float = 0.2
    head_dropout_rate: float = 0.5

    @property
    def last_block(self) -> str:
        """Name of the block that feeds the head."""
        return f"pair{len(self.features)}"

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch height width {self.input_channels}"], *, train: bool
    ) -> Float[Array, "batch {self.num_classes}"]:
        """Logits; with `train`, batch statistics and dropout."""
        for number, features in enumerate(self.features, start=1):
            x = ConvPair(features, dropout_rate=self.dropout_rate, name=f"pair{number}")(
                x, train=train
            )
        # Channel-major, as torch flattens: `dense1` is then its weight transposed, nothing more.
        x = x.transpose(0, 3, 1, 2).reshape(len(x), -1)
        x = hidden_layers(
            x,
            self.hidden_features,
            dropout_rates=(self.head_dropout_rate,) * len(self.hidden_features),
            train=train,
        )
        return nn.Dense(self.num_classes, name="logits")(x)
