"""GiMeFive (arXiv 2402.15662): convolution blocks, average pooling, three dense layers."""

import dataclasses

import flax.linen as nn
from jaxtyping import Array, Float

from gimefive_jax.config import ModelConfig
from gimefive_jax.models.architecture import (
    TorchNames,
    Variant,
    choose_gate,
    deepen,
    register,
    scale,
)
from gimefive_jax.models.blocks import ConvBlock, global_average_pool, hidden_layers


class GiMeFive(nn.Module):
    """Logits of a normalised face; the paper's ablations are its fields."""

    features: tuple[int, ...] = (64, 128, 256, 512, 1024)
    hidden_features: tuple[int, ...] = (2048, 1024)
    num_classes: int = 6
    input_channels: int = 3
    dropout_rate: float = 0.2
    head_dropout_rate: float = 0.5
    drop_after_last: bool = False
    squeeze_excite: bool = False

    @property
    def last_block(self) -> str:
        """Name of the block that feeds the head."""
        return f"block{len(self.features)}"

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch height width {self.input_channels}"], *, train: bool
    ) -> Float[Array, "batch {self.num_classes}"]:
        """Logits; with `train`, batch statistics and dropout."""
        last = len(self.features)
        for number, features in enumerate(self.features, start=1):
            # The last block feeds the pooled features directly; the paper drops nothing there,
            # save in its baseline.
            drops = number < last or self.drop_after_last
            x = ConvBlock(
                features,
                dropout_rate=self.dropout_rate if drops else 0.0,
                squeeze_excite=self.squeeze_excite and number == 1,
                name=f"block{number}",
            )(x, train=train)
        x = hidden_layers(
            global_average_pool(x),
            self.hidden_features,
            dropout_rates=(self.head_dropout_rate,),
            train=train,
        )
        return nn.Dense(self.num_classes, name="logits")(x)


def _configure(row: GiMeFive, config: ModelConfig) -> GiMeFive:
    return dataclasses.replace(
        row,
        features=scale(deepen(row.features, config.depth), config.width),
        hidden_features=scale(row.hidden_features, config.width),
        num_classes=config.num_classes,
        input_channels=config.input_channels,
        # A variant without dropout in its blocks has none at any rate.
        dropout_rate=config.dropout_rate if row.dropout_rate else 0.0,
        head_dropout_rate=config.head_dropout_rate,
        squeeze_excite=choose_gate(config.squeeze_excite, row.squeeze_excite),
    )


register(
    {
        "gimefive": Variant(GiMeFive(), {"RAF-DB": 86.5, "FER2013": 67.5, "aggregate": 75.3}),
        "gimefive_no_dropout": Variant(
            GiMeFive(dropout_rate=0.0), {"RAF-DB": 83.1, "FER2013": 65.6}
        ),
        "gimefive_se": Variant(GiMeFive(squeeze_excite=True), {"RAF-DB": 81.7}),
        "gimefive_baseline": Variant(
            GiMeFive(
                features=(64, 128, 256, 512), hidden_features=(1024, 512), drop_after_last=True
            ),
            {"RAF-DB": 80.6, "FER2013": 64.1},
        ),
        "gimefive_deep": Variant(
            GiMeFive(features=(64, 128, 256, 512, 1024, 2048), hidden_features=(4096, 2048)),
            {"RAF-DB": 82.5, "FER2013": 65.5},
        ),
    },
    configure=_configure,
    fields=frozenset(
        {
            "width", "depth", "input_channels", "squeeze_excite", "dropout_rate",
            "head_dropout_rate",
        }
    ),
    torch_names=TorchNames(
        modules=(
            (r"block(\d)/conv", r"conv\1"),
            (r"block(\d)/norm", r"bn\1"),
            (r"block1/squeeze_excite/reduce", "se1.fc.0"),
            (r"block1/squeeze_excite/expand", "se1.fc.2"),
            (r"dense(\d)", r"fc\1"),
            (r"logits", "fc3"),
        ),
        first_conv="block1/conv",
        last_conv="conv",
        gate="block1/squeeze_excite/reduce",
    ),
)  # fmt: skip
