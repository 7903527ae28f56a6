"""Distances of pixels from outlines, and which pixels lie inside; every face at once."""

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float

Points = Float[Array, "face point 2"]


def pixel_centres(side: int) -> Float[Array, "pixel 2"]:
    """Gives x and y of the middle of each pixel of a square, row by row."""
    middle = jnp.arange(side, dtype=jnp.float32) + 0.5
    y, x = jnp.meshgrid(middle, middle, indexing="ij")
    return jnp.stack([x.ravel(), y.ravel()], axis=-1)


def distance_from_line(line: Points, pixels: Float[Array, "pixel 2"]) -> Float[Array, "face pixel"]:
    """Computes how far each pixel is from a line through points.

    Args:
      line: x and y of the points that the line joins in their order, `[face, point, 2]`.
      pixels: x and y, `[pixel, 2]`.

    Returns:
      Distances to the nearest place of the line, `[face, pixel]`.
    """

    def nearer(nearest: Array, piece: tuple[Array, Array]) -> tuple[Array, None]:
        start, way = piece
        x, y = (pixels[None, :, axis] - start[:, axis, None] for axis in (0, 1))
        across, down = way[:, 0, None], way[:, 1, None]
        # Two points that coincide are a line of length 0: the share along it is 0, never NaN.
        length = jnp.maximum(across**2 + down**2, jnp.finfo(pixels.dtype).tiny)
        share = jnp.clip((x * across + y * down) / length, 0, 1)
        squares = (x - share * across) ** 2 + (y - share * down) ** 2
        return jnp.minimum(nearest, squares), None

    far = jnp.full((line.shape[0], pixels.shape[0]), jnp.inf, pixels.dtype)
    pieces = line.swapaxes(0, 1)
    # A loop in the program: unrolled, its hundred steps take seconds to compile.
    squares, _ = lax.scan(nearer, far, (pieces[:-1], pieces[1:] - pieces[:-1]))
    return jnp.sqrt(squares)


def is_inside(outline: Points, pixels: Float[Array, "pixel 2"]) -> Bool[Array, "face pixel"]:
    """Tells which pixels lie inside an outline: a ray from them crosses it an odd number of times.

    Args:
      outline: x and y of its corners in their order, `[face, point, 2]`; the last joins the first.
      pixels: x and y, `[pixel, 2]`.

    Returns:
      True inside, `[face, pixel]`.
    """
    x, y = pixels[None, :, 0], pixels[None, :, 1]

    def cross(inside: Array, side: tuple[Array, Array]) -> tuple[Array, None]:
        start, end = (corner[..., None] for corner in side)
        between = (start[:, 1] > y) != (end[:, 1] > y)
        height = jnp.where(end[:, 1] == start[:, 1], 1, end[:, 1] - start[:, 1])
        crossing = start[:, 0] + (y - start[:, 1]) / height * (end[:, 0] - start[:, 0])
        return inside ^ (between & (x < crossing)), None

    corners = outline.swapaxes(0, 1)
    outside = jnp.zeros((outline.shape[0], pixels.shape[0]), bool)
    inside, _ = lax.scan(cross, outside, (jnp.roll(corners, 1, axis=0), corners))
    return inside


def distance_from_area(
    outline: Points, pixels: Float[Array, "pixel 2"]
) -> Float[Array, "face pixel"]:
    """Computes how far each pixel is from the area inside an outline; 0 inside.

    Args:
      outline: x and y of its corners in their order, `[face, point, 2]`; the last joins the first.
      pixels: x and y, `[pixel, 2]`.

    Returns:
      Distances, `[face, pixel]`.
    """
    closed = jnp.concatenate([outline, outline[:, :1]], axis=1)
    return jnp.where(is_inside(outline, pixels), 0, distance_from_line(closed, pixels))
