"""68 landmarks of face crops, by the face mesh."""

import functools
from collections.abc import Callable
from typing import cast

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PyTree, UInt8

from gimefive_jax import parallel
from gimefive_jax.errors import InputError
from gimefive_jax.faces.mesh import INPUT_SIDE, FaceMesh, Mesh, load_mesh
from gimefive_jax.faces.squares import (
    Squares,
    cut_squares,
    from_square,
    square_around_points,
    squares_around_images,
)
from gimefive_jax.inference import Driver
from gimefive_jax.structs import AnyArray

# Points of the mesh at the places of iBUG's 68: jaw, brows, nose, eyes, mouth.
MESH_TO_68 = (
    127, 234, 93, 132, 58, 136, 150, 176, 152, 400, 379, 365, 288, 361, 323, 454, 356,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,
    168, 197, 5, 4, 59, 60, 2, 290, 289,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91, 78, 81, 13, 311, 308, 402, 14, 178,
)  # fmt: skip
_OUTER_EYE_CORNERS = (33, 263)

# Of the crop's side: found by measurement on FER2013 (docs/faces.md).
FIRST_SCALE = 1.4
# Of the box around the mesh: what the network was trained on.
SCALE = 1.5
_NUM_LOOKS = 3
# Below this logit a face is looked for in other squares too: scale and angle of the first.
CONFIDENT = 8.0
OTHER_SQUARES = ((1.1, 0.0), (1.8, 0.0), (1.4, 0.7), (1.4, -0.7))
_BATCH_SIZE = 64


@flax.struct.dataclass
class Landmarks:
    """The landmarks of faces, and whether they are any."""

    points: Float[np.ndarray, "face 68 2"]
    """x and y in pixels of the face, pixel centres at +0.5, in the order of iBUG's 68. Always
    numbers, also where no face was found: then they say nothing."""
    found: Bool[np.ndarray, " face"]
    """Whether a face was found, at a confidence of at least a half."""
    confidence: Float[np.ndarray, " face"]
    """From 0 to 1, by the network; 1 for landmarks that come with the data."""


@flax.struct.dataclass
class Located:
    """What looking at a square of each face gives."""

    points: Float[AnyArray, "face 68 2"]
    """x and y in pixels of the image."""
    presence: Float[AnyArray, " face"]
    """Logit of there being a face."""
    next_squares: Squares
    """Around the points, the eyes level: where to look next."""

    def landmarks(self) -> Landmarks:
        """The points as landmarks, with the confidence in them."""
        # The logistic function, on the host: a program of its own would be compiled for it.
        confidence = np.exp(-np.logaddexp(0, -np.asarray(self.presence)))
        return Landmarks(np.asarray(self.points), confidence >= 0.5, confidence)


Look = Callable[[UInt8[np.ndarray, "face height width channel"], Squares], Located]
"""One look of the face mesh: at a square of each image, which are all of one size."""


def landmarks(
    faces: UInt8[np.ndarray, "face height width channel"],
    *,
    driver: Driver | None = None,
    look: Look | None = None,
) -> Landmarks:
    """Finds 68 landmarks on face crops.

    The mesh looks at a square around each crop, then twice at the square around the points that it
    found, in which the eyes are level. Where it is not confident it begins again with four other
    squares, larger, smaller and turned, and the most confident answer counts.

    Args:
      faces: uint8 crops of one face each, `[face, height, width, 1 or 3]`, the face about as large
        as the crop.
      driver: Devices and batch size; by default all devices, 64 faces at a time.
      look: What runs the mesh instead of a driver, such as `litert.look_by_litert`.

    Returns:
      Points in pixels of the crops, and which faces were found.

    Raises:
      InputError: There are no faces, or they have neither one nor three channels.

    Example:
      >>> import numpy as np
      >>> from gimefive_jax import faces
      >>> blank = np.full((1, 64, 64, 1), 128, np.uint8)
      >>> faces.landmarks(blank).found.tolist()
      [False]
    """
    if faces.ndim != 4 or faces.shape[-1] not in (1, 3) or not len(faces):
        raise InputError(
            f"faces of shape {faces.shape} must be [face, height, width, channel] with 1 or 3 "
            "channels, at least one face"
        )
    look = look or look_by(driver or Driver(parallel.make_mesh(), batch_size=_BATCH_SIZE))
    first = squares_around_images(len(faces), faces.shape[1:3], scale=FIRST_SCALE)
    located = locate(look, faces, first, num_looks=_NUM_LOOKS)
    points, presence = np.array(located.points), np.array(located.presence)
    [unsure] = np.nonzero(presence < CONFIDENT)
    for scale, angle in OTHER_SQUARES if len(unsure) else ():
        squares = squares_around_images(len(unsure), faces.shape[1:3], scale=scale, angle=angle)
        other = locate(look, faces[unsure], squares, num_looks=_NUM_LOOKS)
        better = other.presence > presence[unsure]
        points[unsure[better]] = other.points[better]
        presence[unsure[better]] = other.presence[better]
    return Located(points, presence, first).landmarks()


def locate(
    look: Look,
    images: UInt8[np.ndarray, "face height width channel"],
    squares: Squares,
    *,
    num_looks: int,
) -> Located:
    """Looks for one face in each image.

    Args:
      look: What runs the mesh.
      images: uint8 grey or colour, all of one size.
      squares: Where to look first.
      num_looks: How often; after the first time around the points that were found before.

    Returns:
      What the last look gave, as numpy arrays.
    """
    for _ in range(num_looks):
        located = look(images, squares)
        squares = located.next_squares
    return located


def look_by(driver: Driver) -> Look:
    """Gives looks of the mesh as a Linen module, on the devices of a driver."""

    def look(images: UInt8[np.ndarray, "face height width channel"], squares: Squares) -> Located:
        columns = (squares.centre, squares.side, squares.angle)
        return driver.run(_locate, _placed_mesh(driver.mesh), images, *columns)

    return look


@functools.lru_cache(maxsize=4)
def _placed_mesh(mesh: jax.sharding.Mesh) -> PyTree:
    """Variables of the face mesh on every device, read and sent once."""
    return parallel.put_replicated(load_mesh(), mesh)


def _locate(
    variables: PyTree,
    faces: UInt8[Array, "face height width channel"],
    centre: Float[Array, "face 2"],
    side: Float[Array, " face"],
    angle: Float[Array, " face"],
) -> Located:
    """One look: a pure function for the driver."""
    squares = Squares(centre, side, angle)
    x = cut_squares(faces, squares, side=INPUT_SIDE)
    return in_image(cast(Mesh, FaceMesh().apply(variables, x)), squares)


def in_image(mesh: Mesh, squares: Squares) -> Located:
    """Gives what the network says of squares in pixels of their images, and where to look next."""
    points = from_square(mesh.points[..., :2] / INPUT_SIDE, squares)
    return Located(
        points=points[:, jnp.array(MESH_TO_68)],
        presence=mesh.presence,
        next_squares=square_around_points(points, across=_OUTER_EYE_CORNERS, scale=SCALE),
    )
