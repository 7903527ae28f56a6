"""The residual network of the GiMeFive paper (arXiv 2402.15662): a block per octave."""

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
from gimefive_jax.models.blocks import ResidualBlock, Stem, global_average_pool, hidden_layers


class GiMeFiveResidual(nn.Module):
    """Logits of a normalised face; every block halves the grid."""

    stem_features: int = 64
    features: tuple[int, ...] = (128, 256, 512, 1024, 2048)
    hidden_features: tuple[int, ...] = (4096, 2048)
    num_classes: int = 6
    input_channels: int = 3
    head_dropout_rate: float = 0.5
    squeeze_excite: bool = True

    @property
    def last_block(self) -> str:
        """Name of the block that feeds the head."""
        return f"block{len(self.features)}"

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch height width {self.input_channels}"], *, train: bool
    ) -> Float[Array, "batch {self.num_classes}"]:
        """Logits; with `train`, batch statistics and dropout."""
        x = Stem(self.stem_features, 3, squeeze_excite=self.squeeze_excite, name="stem")(
            x, train=train
        )
        for number, features in enumerate(self.features, start=1):
            x = ResidualBlock(features, stride=2, use_bias=True, name=f"block{number}")(
                x, train=train
            )
        x = hidden_layers(
            global_average_pool(x),
            self.hidden_features,
            dropout_rates=(self.head_dropout_rate,),
            train=train,
        )
        return nn.Dense(self.num_classes, name="logits")(x)


def _configure(row: GiMeFiveResidual, config: ModelConfig) -> GiMeFiveResidual:
    [stem_features] = scale((row.stem_features,), config.width)
    return dataclasses.replace(
        row,
        stem_features=stem_features,
        features=scale(deepen(row.features, config.depth), config.width),
        hidden_features=scale(row.hidden_features, config.width),
        num_classes=config.num_classes,
        input_channels=config.input_channels,
        head_dropout_rate=config.head_dropout_rate,
        squeeze_excite=choose_gate(config.squeeze_excite, row.squeeze_excite),
    )


register(
    {"gimefive_residual": Variant(GiMeFiveResidual(), {"aggregate": 70.4})},
    configure=_configure,
    fields=frozenset({"width", "depth", "input_channels", "squeeze_excite", "head_dropout_rate"}),
    torch_names=TorchNames(
        modules=(
            (r"stem/conv", "conv1"),
            (r"stem/norm", "bn1"),
            (r"stem/squeeze_excite/reduce", "se1.fc.0"),
            (r"stem/squeeze_excite/expand", "se1.fc.2"),
            (r"block(\d)/conv(\d)", r"res_block\1.conv\2"),
            (r"block(\d)/norm(\d)", r"res_block\1.bn\2"),
            (r"block(\d)/shortcut_conv", r"res_block\1.shortcut.0"),
            (r"block(\d)/shortcut_norm", r"res_block\1.shortcut.1"),
            (r"dense(\d)", r"fc\1"),
            (r"logits", "fc3"),
        ),
        first_conv="stem/conv",
        last_conv="conv2",
        gate="stem/squeeze_excite/reduce",
    ),
)
