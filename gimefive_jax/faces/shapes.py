"""Distances of pixels from outlines, and which pixels lie inside; every face at once."""

import jax.numpy as jnp
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
    nearest = jnp.full((line.shape[0], pixels.shape[0]), jnp.inf, pixels.dtype)
    for number in range(line.shape[1] - 1):
        start, way = line[:, number], line[:, number + 1] - line[:, number]
        x, y = (pixels[None, :, axis] - start[:, axis, None] for axis in (0, 1))
        across, down = way[:, 0, None], way[:, 1, None]
        # Two points that coincide are a line of length 0: the share along it is 0, never NaN.
        length = jnp.maximum(across**2 + down**2, jnp.finfo(pixels.dtype).tiny)
        share = jnp.clip((x * across + y * down) / length, 0, 1)
        nearest = jnp.minimum(nearest, (x - share * across) ** 2 + (y - share * down) ** 2)
    return jnp.sqrt(nearest)


def is_inside(outline: Points, pixels: Float[Array, "pixel 2"]) -> Bool[Array, "face pixel"]:
    """Tells which pixels lie inside an outline: a ray from them crosses it an odd number of times.

    Args:
      outline: x and y of its corners in their order, `[face, point, 2]`; the last joins the first.
      pixels: x and y, `[pixel, 2]`.

    Returns:
      True inside, `[face, pixel]`.
    """
    inside = jnp.zeros((outline.shape[0], pixels.shape[0]), bool)
    x, y = pixels[None, :, 0], pixels[None, :, 1]
    for number in range(outline.shape[1]):
        start, end = outline[:, number - 1, :, None], outline[:, number, :, None]
        between = (start[:, 1] > y) != (end[:, 1] > y)
        height = jnp.where(end[:, 1] == start[:, 1], 1, end[:, 1] - start[:, 1])
        crossing = start[:, 0] + (y - start[:, 1]) / height * (end[:, 0] - start[:, 0])
        inside ^= between & (x < crossing)
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
