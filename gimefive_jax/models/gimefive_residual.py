"""The residual network of the GiMeFive paper (arXiv 2402.15662): a block per octave."""

import flax.linen as nn
from jaxtyping import Array, Float

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
