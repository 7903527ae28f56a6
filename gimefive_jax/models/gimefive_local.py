"""GiMeFive whose logits are means of maps: its head judges each place before the mean is taken.

`gimefive` is `head(mean(grid))`, this is `mean(head(grid))`, at the same number of parameters. It
is ours, not a row of the paper's table.
"""

import dataclasses

import flax.linen as nn
from jaxtyping import Array, Float

from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.models.architecture import TorchNames, Variant, check_no_gate, register, scale
from gimefive_jax.models.blocks import (
    ConvBlock,
    PlaceCode,
    global_average_pool,
    hidden_layers,
)


class GiMeFiveLocal(nn.Module):
    """Logits of a normalised face, each the mean over space of a map of evidence for its category.

    The maps are the output of the layer `evidence`, `[batch, rows, columns, category]`, 8x8 for a
    face of 64 pixels. A cell sees 38x38 pixels and where it is, nothing else of the face. Nothing
    follows but the mean, so a map divided by its number of cells sums to the logit, with nothing
    left over for biases.
    """

    features: tuple[int, ...] = (64, 128, 256, 1792)
    """Of the blocks; the last one does not pool. Its number makes up for the deeper blocks that
    `gimefive` has."""
    hidden_features: tuple[int, ...] = (2048, 1024)
    num_classes: int = 6
    input_channels: int = 3
    dropout_rate: float = 0.2
    head_dropout_rate: float = 0.5

    default_layer = "evidence"
    """Layer that is explained unless another is named: HiResCAM there is the map of evidence."""

    @property
    def last_block(self) -> str:
        """Name of the block that feeds the head."""
        return f"block{len(self.features)}"

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch height width {self.input_channels}"], *, train: bool
    ) -> Float[Array, "batch {self.num_classes}"]:
        """Logits; with `train`, batch statistics and dropout."""
        *pooled, last = self.features
        for number, features in enumerate(pooled, start=1):
            x = ConvBlock(features, self.dropout_rate, name=f"block{number}")(x, train=train)
        # Before the convolution and not behind it, where there are seven times as many features.
        x = PlaceCode(name="place")(x)
        x = ConvBlock(last, pools=False, name=self.last_block)(x, train=train)
        x = hidden_layers(
            x, self.hidden_features, dropout_rates=(self.head_dropout_rate,), train=train
        )
        return global_average_pool(nn.Dense(self.num_classes, name="evidence")(x))


def _configure(row: GiMeFiveLocal, config: ModelConfig) -> GiMeFiveLocal:
    check_no_gate(config)
    if config.depth:
        raise InputError(
            f"{config.name} has no depth to choose, as deeper cells would see more of the face; "
            "leave model.depth 0 or take gimefive"
        )
    return dataclasses.replace(
        row,
        features=scale(row.features, config.width),
        hidden_features=scale(row.hidden_features, config.width),
        num_classes=config.num_classes,
        input_channels=config.input_channels,
        dropout_rate=config.dropout_rate,
        head_dropout_rate=config.head_dropout_rate,
    )


register(
    {"gimefive_local": Variant(GiMeFiveLocal(), {})},
    configure=_configure,
    fields=frozenset({"width", "input_channels", "dropout_rate", "head_dropout_rate"}),
    torch_names=TorchNames(
        modules=(
            (r"block(\d)/conv", r"conv\1"),
            (r"block(\d)/norm", r"bn\1"),
            (r"dense(\d)", r"fc\1"),
            (r"place|evidence", r"\g<0>"),
        ),
        first_conv="block1/conv",
        last_conv="conv",
        logits="evidence",
    ),
)
