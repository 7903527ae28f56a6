"""ResNets (He et al. 2016) as the GiMeFive paper trains them: no max-pool after the first layer."""

import flax.linen as nn
from jaxtyping import Array, Float

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
