"""Changes of uint8 faces as pure functions of numbers: one program serves every strength.

Each takes faces `[batch, height, width, channel]`, their numbers in the split, a strength and the
boxes of eyes and mouth, and passes over what it does not need. Lengths are pixels of a face of 64;
on larger faces they grow with the side.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt8

from gimefive_jax.preprocess import to_grey
from gimefive_jax.structs import AnyArray

SIDE = 64
"""Strengths that are lengths are pixels of a face of this side."""
# What is drawn is a face's own, and the same at every strength.
_NOISE_SEED, _SHIFT_SEED = 1, 2

Faces = UInt8[AnyArray, "batch height width channel"]
Index = Int[AnyArray, " batch"]
Strength = Float[AnyArray, ""] | np.floating | float
Boxes = Float[AnyArray, "batch part 4"]
"""Left, top, right and bottom of a face's eyes and of its mouth, in pixels of the face."""


def blur(faces: Faces, index: Index, strength: Strength, boxes: Boxes | None) -> Faces:
    """Gaussian blur with a standard deviation of `strength` pixels; edges are mirrored."""
    rows, columns = (_blur_matrix(side, strength * side / SIDE) for side in faces.shape[1:3])
    return _to_uint8(_along_height(rows, _along_width(columns, _float(faces))))


def low_resolution(faces: Faces, index: Index, strength: Strength, boxes: Boxes | None) -> Faces:
    """The face as one of `strength` pixels would arrive: made smaller and enlarged, as PIL does.

    A face that is no larger stays as it is.
    """
    (down_rows, up_rows), (down_columns, up_columns) = (
        _resize_matrices(side, strength) for side in faces.shape[1:3]
    )
    # PIL goes along the rows first, and rounds behind each pass.
    x = _float(faces)
    for rows, columns in ((down_rows, down_columns), (up_rows, up_columns)):
        x = _float(_to_uint8(_along_width(columns, x)))
        x = _float(_to_uint8(_along_height(rows, x)))
    return x.astype(jnp.uint8)


def brightness(faces: Faces, index: Index, strength: Strength, boxes: Boxes | None) -> Faces:
    """Pixels times `strength`, as PIL's `ImageEnhance.Brightness`."""
    return _blend(jnp.zeros((), jnp.float32), faces, strength)


def contrast(faces: Faces, index: Index, strength: Strength, boxes: Boxes | None) -> Faces:
    """Distances from the mean grey times `strength`, as PIL's `ImageEnhance.Contrast`."""
    return _blend(jnp.floor(_mean_grey(faces) + 0.5), faces, strength)


def noise(faces: Faces, index: Index, strength: Strength, boxes: Boxes | None) -> Faces:
    """Gaussian noise with a standard deviation of `strength` grey levels, alike in all channels."""
    shape = (*faces.shape[1:3], 1)
    drawn = jax.vmap(lambda key: jax.random.normal(key, shape))(_keys(_NOISE_SEED, index))
    return _to_uint8(_float(faces) + strength * drawn)


def shift(faces: Faces, index: Index, strength: Strength, boxes: Boxes | None) -> Faces:
    """The face moved by `strength` pixels in a direction of its own; its edge is repeated."""
    height, width = faces.shape[1:3]
    angles = jax.vmap(jax.random.uniform)(_keys(_SHIFT_SEED, index)) * (2 * np.pi)
    directions = jnp.stack([jnp.sin(angles), jnp.cos(angles)], axis=1)
    moves = jnp.round(strength / SIDE * directions * jnp.array([height, width])).astype(int)

    def moved(face: UInt8[Array, "height width channel"], by: Int[Array, " 2"]) -> Array:
        rows = jnp.clip(jnp.arange(height) - by[0], 0, height - 1)
        columns = jnp.clip(jnp.arange(width) - by[1], 0, width - 1)
        return face[rows][:, columns]

    return jax.vmap(moved)(jnp.asarray(faces), moves)


def cover_eyes(faces: Faces, index: Index, strength: Strength, boxes: Boxes | None) -> Faces:
    """Mean grey over the eyes: their box, each side times `strength` percent."""
    return _covered(faces, boxes, 0, strength)


def cover_mouth(faces: Faces, index: Index, strength: Strength, boxes: Boxes | None) -> Faces:
    """Mean grey over the mouth: its box, each side times `strength` percent."""
    return _covered(faces, boxes, 1, strength)


def _covered(faces: Faces, boxes: Boxes | None, part: int, strength: Strength) -> Faces:
    if boxes is None:
        raise ValueError("what covers a part of the face must know its box")
    corners = jnp.asarray(boxes, jnp.float32)[:, part].reshape(-1, 2, 2)
    centre, half = corners.mean(1), (corners[:, 1] - corners[:, 0]) / 2 * strength / 100

    def inside(axis: int, side: int) -> Array:
        # Pixels whose centre lies within.
        places = jnp.arange(side) + 0.5
        return jnp.abs(places - centre[:, axis, None]) < half[:, axis, None]

    hidden = inside(1, faces.shape[1])[:, :, None] & inside(0, faces.shape[2])[:, None, :]
    return jnp.where(hidden[..., None], _to_uint8(_mean_grey(faces)), faces)


def _keys(seed: int, index: Index) -> Array:
    return jax.vmap(lambda number: jax.random.fold_in(jax.random.key(seed), number))(index)


def _float(faces: Faces) -> Float[Array, "batch height width channel"]:
    return jnp.asarray(faces).astype(jnp.float32)


def _to_uint8(x: Float[Array, "..."]) -> UInt8[Array, "..."]:
    return jnp.clip(jnp.floor(x + 0.5), 0, 255).astype(jnp.uint8)


def _mean_grey(faces: Faces) -> Float[Array, "batch 1 1 1"]:
    # Of whole numbers, so that every order of the sum gives the same.
    total = to_grey(faces).astype(jnp.uint32).sum((1, 2, 3), keepdims=True)
    return total.astype(jnp.float32) / (faces.shape[1] * faces.shape[2])


def _blend(flat: Float[Array, "..."], faces: Faces, strength: Strength) -> Faces:
    """PIL's `Image.blend` of a flat image and the face: what is no whole number is cut off."""
    blended = flat + strength * (_float(faces) - flat)
    return jnp.clip(blended, 0, 255).astype(jnp.uint8)


def _along_width(
    weights: Float[Array, "to width"], x: Float[Array, "batch height width channel"]
) -> Float[Array, "batch height to channel"]:
    return jnp.einsum("tw,bhwc->bhtc", weights, x, precision=jax.lax.Precision.HIGHEST)


def _along_height(
    weights: Float[Array, "to height"], x: Float[Array, "batch height width channel"]
) -> Float[Array, "batch to width channel"]:
    return jnp.einsum("th,bhwc->btwc", weights, x, precision=jax.lax.Precision.HIGHEST)


def _blur_matrix(side: int, sigma: Strength) -> Float[Array, "{side} {side}"]:
    """Weights of every pixel of a line for every blurred one."""
    place = jnp.arange(side, dtype=jnp.float32)
    distance = place[:, None] - place[None, :]
    mirrored = place[:, None] + place[None, :] + 1
    # The line, its mirror images at both ends, and theirs.
    images = [d + 2 * side * turn for turn in (-1, 0, 1) for d in (distance, mirrored)]
    weights = jnp.exp(-0.5 * (jnp.stack(images) / sigma) ** 2).sum(0)
    return weights / weights.sum(1, keepdims=True)


def _resize_matrices(
    side: int, smaller: Strength
) -> tuple[Float[Array, "{side} {side}"], Float[Array, "{side} {side}"]]:
    """Weights of PIL's bilinear filter from `side` pixels to `smaller`, and back.

    Both have `side` rows and columns, so that no shape depends on the strength; what lies beyond
    `smaller` is zero.
    """
    smaller = jnp.minimum(smaller, side)
    place = jnp.arange(side, dtype=jnp.float32)
    scale = side / smaller
    centre = (place[:, None] + 0.5) * scale
    down = jnp.maximum(0, 1 - jnp.abs(place + 0.5 - centre) / scale)
    down = jnp.where(place[:, None] < smaller, down, 0)
    centre = (place[:, None] + 0.5) / scale
    up = jnp.maximum(0, 1 - jnp.abs(place + 0.5 - centre))
    up = jnp.where(place[None, :] < smaller, up, 0)
    return _rows_to_one(down), _rows_to_one(up)


def _rows_to_one(weights: Float[Array, "row column"]) -> Float[Array, "row column"]:
    return weights / jnp.maximum(weights.sum(1, keepdims=True), 1e-9)
