"""The face mesh: 468 points of one face, and whether there is a face at all."""

import flax.linen as nn
import flax.struct
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from gimefive_jax.faces.blocks import BlazeBlock, PRelu, pointwise_conv, stem_conv
from gimefive_jax.faces.network_files import read_network
from gimefive_jax.structs import AnyArray

INPUT_SIDE = 192
NUM_POINTS = 468

# Features and stride of each block.
_TRUNK = (
    (16, 1), (16, 1),
    (32, 2), (32, 1), (32, 1),
    (64, 2), (64, 1), (64, 1),
    (128, 2), (128, 1), (128, 1),
    (128, 2), (128, 1), (128, 1),
)  # fmt: skip


@flax.struct.dataclass
class Mesh:
    """What the network says of each image."""

    points: Float[AnyArray, "batch 468 3"]
    """x and y in pixels of the network's input, 0 at its left and upper edge; z, smaller towards
    the camera, in the same unit."""
    presence: Float[AnyArray, " batch"]
    """Logit of there being a face: positive where that is more likely than not."""


class FaceMesh(nn.Module):
    """Convolutional network of 0.6 million parameters from a face crop to its mesh.

    References:
      Kartynnik, Ablavatski, Grishchenko and Grundmann, 2019, https://arxiv.org/abs/1907.06724
    """

    @nn.compact
    def __call__(self, x: Float[Array, "batch 192 192 3"]) -> Mesh:
        """The mesh of each face.

        Args:
          x: Red, green and blue from 0 to 1, `[batch, 192, 192, 3]`: a level face in the middle,
            at two thirds of the side.
        """
        x = stem_conv(16, 3, name="stem_conv")(x)
        x = PRelu(name="stem_activation")(x)
        for number, (features, stride) in enumerate(_TRUNK, start=1):
            x = BlazeBlock(features, stride=stride, name=f"block{number}")(x)
        points = _head(x, "points", num_blocks=3, num_outputs=3 * NUM_POINTS)
        presence = _head(x, "presence", num_blocks=1, num_outputs=1)
        return Mesh(points.reshape(-1, NUM_POINTS, 3), presence[:, 0])


def _head(
    x: Float[Array, "batch 6 6 128"], name: str, *, num_blocks: int, num_outputs: int
) -> Float[Array, "batch {num_outputs}"]:
    for number in range(1, num_blocks + 1):
        x = BlazeBlock(128, stride=2 if number == 1 else 1, name=f"{name}_block{number}")(x)
    x = pointwise_conv(32, name=f"{name}_reduce")(x)
    x = PRelu(name=f"{name}_reduce_activation")(x)
    x = BlazeBlock(32, name=f"{name}_block{num_blocks + 1}")(x)
    x = nn.Conv(num_outputs, (3, 3), padding="VALID", name=f"{name}_conv")(x)
    return jnp.reshape(x, (x.shape[0], num_outputs))


def load_mesh() -> PyTree:
    """Reads the variables of the shipped face mesh.

    Returns:
      float32 variables for `FaceMesh().apply`.
    """
    return {"params": read_network("face_mesh")}
