"""GiMeFive (arXiv 2402.15662): five convolution blocks, average pooling, three dense layers."""

import flax.linen as nn
from jaxtyping import Array, Float

from gimefive_jax.models.blocks import ConvBlock, global_average_pool


class GiMeFive(nn.Module):
    """Logits of a normalised face."""

    features: tuple[int, ...] = (64, 128, 256, 512, 1024)
    hidden_features: tuple[int, ...] = (2048, 1024)
    num_classes: int = 6
    dropout_rate: float = 0.2
    head_dropout_rate: float = 0.5

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch height width 3"], *, train: bool
    ) -> Float[Array, "batch {self.num_classes}"]:
        """Logits; with `train`, batch statistics and dropout."""
        last = len(self.features)
        for number, features in enumerate(self.features, start=1):
            # The last block feeds the pooled features directly; the paper drops nothing there.
            rate = self.dropout_rate if number < last else 0.0
            x = ConvBlock(features, dropout_rate=rate, name=f"block{number}")(x, train=train)
        x = global_average_pool(x)
        for number, features in enumerate(self.hidden_features, start=1):
            x = nn.relu(nn.Dense(features, name=f"dense{number}")(x))
            if number == 1:
                x = nn.Dropout(
                    self.head_dropout_rate, deterministic=not train, name="head_dropout"
                )(x)
        return nn.Dense(self.num_classes, name="logits")(x)
