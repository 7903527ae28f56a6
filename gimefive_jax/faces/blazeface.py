"""BlazeFace, short range: boxes and keypoints of faces at 896 anchors of a square image."""

import flax.linen as nn
import flax.struct
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from gimefive_jax.faces.blocks import BlazeBlock, pointwise_conv, stem_conv
from gimefive_jax.faces.network_files import read_network
from gimefive_jax.structs import AnyArray

INPUT_SIDE = 128
NUM_ANCHORS = 896
NUM_KEYPOINTS = 6
# Numbers that the network gives for each anchor: centre, width and height, then the keypoints.
NUM_VALUES = 4 + 2 * NUM_KEYPOINTS

# Features and stride of each block: up to the grid of 16 x 16 cells, and from there to 8 x 8.
_FINE = (
    (24, 1), (28, 1),
    (32, 2), (36, 1), (42, 1),
    (48, 2), (56, 1), (64, 1), (72, 1), (80, 1), (88, 1),
)  # fmt: skip
_COARSE = ((96, 2), (96, 1), (96, 1), (96, 1), (96, 1))
# Cells along a side of each grid that has anchors, and anchors of each cell.
ANCHOR_GRIDS = ((16, 2), (8, 6))


@flax.struct.dataclass
class AnchorOutputs:
    """What the network says at each anchor of each image."""

    logits: Float[AnyArray, "batch 896"]
    """Of there being a face: positive where that is more likely than not."""
    values: Float[AnyArray, "batch 896 16"]
    """x and y of the box's centre, its width and height, x and y of six keypoints; in pixels of the
    network's input, places relative to the anchor's."""


class BlazeFace(nn.Module):
    """Convolutional network of 0.1 million parameters that finds faces in a square image.

    References:
      Bazarevsky et al., 2019, https://arxiv.org/abs/1907.05047
    """

    @nn.compact
    def __call__(self, x: Float[Array, "batch 128 128 3"]) -> AnchorOutputs:
        """Scores and boxes of each anchor.

        Args:
          x: Red, green and blue from -1 to 1, `[batch, 128, 128, 3]`.
        """
        x = nn.relu(stem_conv(24, 5, name="stem_conv")(x))
        for number, (features, stride) in enumerate(_FINE, start=1):
            x = BlazeBlock(features, stride, learned_slope=False, name=f"block{number}")(x)
        fine = x
        for number, (features, stride) in enumerate(_COARSE, start=1 + len(_FINE)):
            x = BlazeBlock(features, stride, learned_slope=False, name=f"block{number}")(x)
        logits, values = [], []
        for name, grid, (_, anchors) in zip(
            ("fine", "coarse"), (fine, x), ANCHOR_GRIDS, strict=True
        ):
            found = pointwise_conv(anchors, name=f"{name}_logits")(grid)
            logits.append(found.reshape(found.shape[0], -1))
            found = pointwise_conv(anchors * NUM_VALUES, name=f"{name}_values")(grid)
            values.append(found.reshape(found.shape[0], -1, NUM_VALUES))
        return AnchorOutputs(jnp.concatenate(logits, 1), jnp.concatenate(values, 1))


def load_blazeface() -> PyTree:
    """Reads the variables of the shipped face detector.

    Returns:
      float32 variables for `BlazeFace().apply`.
    """
    return {"params": read_network("blazeface")}
