"""GiMeFive (arXiv 2402.15662): convolution blocks, average pooling, three dense layers."""

import flax.linen as nn
from jaxtyping import Array, Float

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
