"""Squares of an image that a face network is shown, and where they lie."""

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from gimefive_jax.structs import AnyArray


@flax.struct.dataclass
class Squares:
    """A square of each image, which may be turned and may reach beyond the image."""

    centre: Float[AnyArray, "face 2"]
    """x and y, in pixels of the image, pixel centres at +0.5."""
    side: Float[AnyArray, " face"]
    """In pixels of the image."""
    angle: Float[AnyArray, " face"]
    """In radians; positive turns the square's right side down."""


def squares_around_images(
    num_faces: int, size: tuple[int, int], *, scale: float, angle: float = 0.0
) -> Squares:
    """Gives the same square for every image, around its middle.

    Args:
      num_faces: How many.
      size: Height and width of the images, in pixels.
      scale: Side of the square over the longer side of the image.
      angle: In radians.

    Returns:
      Squares as numpy arrays.
    """
    height, width = size
    return Squares(
        centre=np.tile(np.array([[width / 2, height / 2]], np.float32), (num_faces, 1)),
        side=np.full(num_faces, scale * max(size), np.float32),
        angle=np.full(num_faces, angle, np.float32),
    )


def square_around_points(
    points: Float[Array, "face point 2"], *, across: tuple[int, int], scale: float
) -> Squares:
    """Gives the square around the points of each face in which the face stands upright.

    Args:
      points: x and y in pixels of the image.
      across: Numbers of two points that a line through the face joins, which becomes level.
      scale: Side of the square over the longer side of the upright box of the points.

    Returns:
      A square for each face.
    """
    way = points[:, across[1]] - points[:, across[0]]
    angle = jnp.arctan2(way[:, 1], way[:, 0])
    upright = turn(points, -angle)
    low, high = upright.min(1), upright.max(1)
    centre = turn(((low + high) / 2)[:, None], angle)[:, 0]
    return Squares(centre=centre, side=scale * (high - low).max(1), angle=angle)


def turn(
    points: Float[AnyArray, "face point 2"], angle: Float[AnyArray, " face"]
) -> Float[Array, "face point 2"]:
    """Turns the points of each face about the origin; a positive angle leads from x to y."""
    cos, sin = jnp.cos(angle)[:, None], jnp.sin(angle)[:, None]
    x, y = points[..., 0], points[..., 1]
    return jnp.stack([cos * x - sin * y, sin * x + cos * y], axis=-1)


def from_square(
    places: Float[AnyArray, "face point 2"], squares: Squares
) -> Float[Array, "face point 2"]:
    """Gives pixels of the image for places in its square, of which 0 and 1 are opposite sides."""
    turned = turn(places - 0.5, squares.angle)
    return turned * squares.side[:, None, None] + squares.centre[:, None]


def cut_squares(
    images: UInt8[Array, "face height width channel"], squares: Squares, *, side: int
) -> Float[Array, "face {side} {side} 3"]:
    """Cuts a square out of each image, by linear interpolation; beyond the image it is black.

    Args:
      images: uint8 grey or colour, `[face, height, width, 1 or 3]`.
      squares: Where to cut.
      side: Of what comes out, in pixels. A square of more than twice that loses detail.

    Returns:
      Red, green and blue from 0 to 1.
    """
    middle = (jnp.arange(side) + 0.5) / side
    y, x = jnp.meshgrid(middle, middle, indexing="ij")
    places = jnp.broadcast_to(jnp.stack([x, y], -1).reshape(1, -1, 2), (len(images), side**2, 2))
    # In array coordinates the middle of the first pixel is 0.
    points = from_square(places, squares) - 0.5

    def cut(channel: Array, points: Array) -> Array:
        coordinates = [points[:, 1], points[:, 0]]
        return jax.scipy.ndimage.map_coordinates(channel, coordinates, order=1, mode="constant")

    every_channel = jax.vmap(jax.vmap(cut, in_axes=(2, None), out_axes=1))
    found = every_channel(images.astype(jnp.float32) / 255, points)
    found = found.reshape(len(images), side, side, -1)
    return jnp.broadcast_to(found, (*found.shape[:3], 3))
