"""ResNets (He et al. 2016) as the GiMeFive paper trains them: no max-pool after the first layer."""

import dataclasses
import re

import flax.linen as nn
from jaxtyping import Array, Float

from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.models.architecture import TorchNames, Variant, check_no_gate, register, scale
from gimefive_jax.models.blocks import ResidualBlock, Stem, global_average_pool


class ResNet(nn.Module):
    """Logits of a normalised face; all stages but the first halve the grid."""

    num_blocks: tuple[int, ...]
    """Residual blocks of each stage."""
    features: tuple[int, ...] = (64, 128, 256, 512)
    num_classes: int = 6
    input_channels: int = 3

    @property
    def last_block(self) -> str:
        """Name of the block that feeds the head."""
        return f"stage{len(self.num_blocks)}_block{self.num_blocks[-1]}"

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch height width {self.input_channels}"], *, train: bool
    ) -> Float[Array, "batch {self.num_classes}"]:
        """Logits; with `train`, batch statistics."""
        x = Stem(self.features[0], 7, stride=2, use_bias=False, name="stem")(x, train=train)
        stages = zip(self.features, self.num_blocks, strict=True)
        for stage, (features, count) in enumerate(stages, start=1):
            for number in range(1, count + 1):
                stride = 2 if stage > 1 and number == 1 else 1
                name = f"stage{stage}_block{number}"
                x = ResidualBlock(features, stride=stride, name=name)(x, train=train)
        return nn.Dense(self.num_classes, name="logits")(global_average_pool(x))


def _configure(row: ResNet, config: ModelConfig) -> ResNet:
    check_no_gate(config)
    if config.depth:
        raise InputError(
            f"{config.name} has no depth to choose; leave model.depth 0 or take another model"
        )
    return dataclasses.replace(
        row,
        features=scale(row.features, config.width),
        num_classes=config.num_classes,
        input_channels=config.input_channels,
    )


_IN_A_BLOCK = {
    "conv1": "conv1",
    "conv2": "conv2",
    "norm1": "bn1",
    "norm2": "bn2",
    "shortcut_conv": "shortcut.0",
    "shortcut_norm": "shortcut.1",
}


def _in_a_block(found: re.Match[str]) -> str:
    # Torch counts the blocks of a stage from 0.
    return f"layer{found[1]}.{int(found[2]) - 1}.{_IN_A_BLOCK[found[3]]}"


register(
    {
        "resnet18": Variant(
            ResNet(num_blocks=(2, 2, 2, 2)), {"RAF-DB": 81.3, "FER2013": 64.7, "aggregate": 72.4}
        ),
        "resnet34": Variant(
            ResNet(num_blocks=(3, 4, 6, 3)), {"RAF-DB": 83.7, "FER2013": 67.1, "aggregate": 70.8}
        ),
    },
    configure=_configure,
    fields=frozenset({"width", "input_channels"}),
    torch_names=TorchNames(
        modules=(
            (r"stem/conv", "conv1"),
            (r"stem/norm", "bn1"),
            (r"stage(\d)_block(\d)/(.+)", _in_a_block),
            (r"logits", "fc"),
        ),
        first_conv="stem/conv",
        last_conv="conv2",
    ),
)
