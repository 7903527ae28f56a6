"""The VGG-like network of the GiMeFive paper (arXiv 2402.15662): three pairs of convolutions."""

import dataclasses
import re

import flax.linen as nn
from jaxtyping import Array, Float

from gimefive_jax.config import ModelConfig
from gimefive_jax.models.architecture import (
    TorchNames,
    Variant,
    check_no_gate,
    deepen,
    register,
    scale,
)
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
        x = x.transpose(0, 3, 1, 2).reshape(x.shape[0], -1)
        x = hidden_layers(
            x,
            self.hidden_features,
            dropout_rates=(self.head_dropout_rate,) * len(self.hidden_features),
            train=train,
        )
        return nn.Dense(self.num_classes, name="logits")(x)


def _configure(row: Vgg, config: ModelConfig) -> Vgg:
    check_no_gate(config)
    return dataclasses.replace(
        row,
        features=scale(deepen(row.features, config.depth), config.width),
        hidden_features=scale(row.hidden_features, config.width),
        num_classes=config.num_classes,
        input_channels=config.input_channels,
        dropout_rate=config.dropout_rate,
        head_dropout_rate=config.head_dropout_rate,
    )


def _torch_conv(found: re.Match[str]) -> str:
    # Torch numbers the convolutions through, ours by pair.
    return f"conv{2 * int(found[1]) - 2 + int(found[2])}"


register(
    {"vgg": Variant(Vgg(), {"RAF-DB": 83.3, "FER2013": 49.4, "aggregate": 53.7})},
    configure=_configure,
    fields=frozenset({"width", "depth", "input_channels", "dropout_rate", "head_dropout_rate"}),
    torch_names=TorchNames(
        modules=(
            (r"pair(\d)/conv(\d)", _torch_conv),
            (r"pair(\d)/norm", r"bn\1"),
            (r"dense1", "classifier.0"),
            (r"dense2", "classifier.3"),
            (r"logits", "classifier.6"),
        ),
        first_conv="pair1/conv1",
        last_conv="conv2",
        flat="dense1",
    ),
    calls_per_step=2,
)
