"""Soft regions of a face from its 68 landmarks."""

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gimefive_jax.errors import InputError
from gimefive_jax.faces.shapes import (
    Points,
    distance_from_area,
    distance_from_line,
    is_inside,
    pixel_centres,
)
from gimefive_jax.structs import AnyArray

REGIONS = ("brows", "eyes", "nose", "mouth", "cheeks", "forehead", "rest")
NUM_LANDMARKS = 68

# In pixels of a face of 64 x 64, as shares of the side.
DILATION = 3 / 64
BLUR_SIGMA = 1 / 64

# Landmarks of the iBUG scheme that outline a part of the face, in order around it.
_BROWS = (17, 18, 19, 20, 21, 22, 23, 24, 25, 26)
_EYES = ((36, 37, 38, 39, 40, 41), (42, 43, 44, 45, 46, 47))
_NOSE = (27, 31, 32, 33, 34, 35)
_MOUTH = (48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59)
_CHEEKS = (
    (0, 1, 2, 3, 4, 5, 48, 31, 39, 40, 41, 36),
    (16, 15, 14, 13, 12, 11, 54, 35, 42, 47, 46, 45),
)


def soft_masks(
    points: Float[AnyArray, "face point 2"], side: int
) -> dict[str, Float[Array, "face {side} {side}"]]:
    """Computes how much of each pixel belongs to each region of its face.

    Brows, eyes, nose and mouth are the areas of their landmarks, widened by 3 pixels of 64; where
    two meet, a pixel belongs to the nearer. Cheeks lie between eye, nose, mouth and jaw. The
    forehead reaches 0.8 times as far above the brows as the brows lie above the base of the nose.
    Chin, hair, ears and background are the rest. Every border is then blurred by a Gaussian of
    1 pixel of 64.

    It is a pure function of the points, so it may stand inside a jitted program. Seven arrays of
    float32 take 115 KB per face of 64 pixels: give thousands of faces in parts.

    Args:
      points: x and y of iBUG's 68 landmarks in pixels of the face, pixel centres at +0.5.
      side: Side of the face and of the masks, in pixels.

    Returns:
      For each of `REGIONS` masks from 0 to 1; at every pixel the regions sum to 1.

    Raises:
      InputError: The points are not 68, or `side` is not positive.

    Example:
      >>> import numpy as np
      >>> masks = soft_masks(np.full((1, 68, 2), 32.0, np.float32), 64)
      >>> sorted(masks)
      ['brows', 'cheeks', 'eyes', 'forehead', 'mouth', 'nose', 'rest']
      >>> float(np.round(sum(masks.values()), 5).min())
      1.0
    """
    if points.shape[-2:] != (NUM_LANDMARKS, 2) or side < 1:
        raise InputError(
            f"points {points.shape} at side {side} must be [face, 68, 2] and the side at least 1; "
            "regions are made of iBUG's 68 landmarks"
        )
    return _soft_masks(jnp.asarray(points, jnp.float32), side=side)


@functools.partial(jax.jit, static_argnames="side")
def _soft_masks(points: Points, *, side: int) -> dict[str, Float[Array, "face {side} {side}"]]:
    region_of_pixel = _hard_regions(points, side)
    blur = _blur_matrix(side)
    return {
        region: blur @ (region_of_pixel == number).astype(jnp.float32) @ blur.T
        for number, region in enumerate(REGIONS)
    }


def _hard_regions(points: Points, side: int) -> Array:
    """Number of the region of each pixel, `[face, side, side]`."""
    pixels = pixel_centres(side)

    def part(numbers: tuple[int, ...]) -> Float[Array, "face part 2"]:
        return points[:, jnp.array(numbers)]

    features = jnp.stack(
        [
            distance_from_line(part(_BROWS), pixels),
            jnp.minimum(*(distance_from_area(part(eye), pixels) for eye in _EYES)),
            distance_from_area(part(_NOSE), pixels),
            distance_from_area(part(_MOUTH), pixels),
        ]
    )
    left, right = (is_inside(part(cheek), pixels) for cheek in _CHEEKS)
    skin = jnp.where(is_inside(_forehead(points), pixels), REGIONS.index("forehead"), -1)
    skin = jnp.where(left | right, REGIONS.index("cheeks"), skin)
    skin = jnp.where(skin < 0, REGIONS.index("rest"), skin)
    near = features.min(0) <= DILATION * side
    return jnp.where(near, features.argmin(0), skin).reshape(-1, side, side)


def _forehead(points: Points) -> Float[Array, "face corner 2"]:
    """Corners of the forehead: the brows, and above them most of a third of the face's height."""
    brows = points[:, jnp.array(_BROWS)]
    up = brows.mean(1, keepdims=True) - points[:, 33:34]
    # Lower above the ends of the brows, where the head is round.
    rise = jnp.array([0.5, 0.8, 0.8, 0.5])[None, :, None]
    top = points[:, jnp.array((26, 24, 19, 17))] + rise * up
    return jnp.concatenate([brows, top], axis=1)


def _blur_matrix(side: int) -> Float[Array, "{side} {side}"]:
    """Gaussian weights of each pixel's neighbours in a row; they sum to 1 at the border too."""
    apart = jnp.arange(side, dtype=jnp.float32)
    weights = jnp.exp(-(((apart[:, None] - apart[None, :]) / (BLUR_SIGMA * side)) ** 2) / 2)
    return weights / weights.sum(1, keepdims=True)
