"""From uint8 faces to network input, and augmentation: pure JAX, shared by every stage."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.ndimage import map_coordinates
from jaxtyping import Array, Float, Int, PRNGKeyArray, UInt8

from gimefive_jax.config import AugmentationConfig
from gimefive_jax.structs import AnyArray

# Per-channel statistics of ImageNet, which the paper uses for its three equal grey channels.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
_UNIT = np.arange(256, dtype=np.float32) / np.float32(255)


def to_input(
    image: UInt8[AnyArray, "batch height width channel"], *, channels: int
) -> Float[Array, "batch height width {channels}"]:
    """Normalised grey: in three equal channels, as the paper feeds its networks, or in one."""
    return normalise(to_unit(to_grey(image)), channels=channels)


def to_grey(
    image: UInt8[AnyArray, "batch height width channel"],
) -> UInt8[AnyArray, "batch height width 1"]:
    """PIL's `L`: integer luma, rounded; grey images pass unchanged."""
    if image.shape[-1] == 1:
        return image
    red, green, blue = (jnp.asarray(image[..., i : i + 1], jnp.uint32) for i in range(3))
    return ((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16).astype(jnp.uint8)


def to_unit(grey: UInt8[AnyArray, "*shape"]) -> Float[Array, "*shape"]:
    """Grey values from 0 to 1, each the float32 nearest to its quotient."""
    # Looked up: XLA would multiply by 1/255, which is off by one bit for every other grey.
    return jnp.asarray(_UNIT).at[grey].get(mode="promise_in_bounds")


def normalise(
    grey: Float[Array, "batch height width 1"], *, channels: int
) -> Float[Array, "batch height width {channels}"]:
    """Three channels or one, each less its mean and over its standard deviation."""
    mean, std = jnp.array(MEAN, jnp.float32), jnp.array(STD, jnp.float32)
    if channels == 1:
        # A convention: the first convolution can undo any shift and scale. The means of the three
        # put the one channel where the three lie.
        mean, std = mean.mean(keepdims=True), std.mean(keepdims=True)
    return (grey - mean) / std


def augment(
    grey: Float[Array, "batch height width 1"],
    row: Int[Array, " batch"],
    *,
    key: PRNGKeyArray,
    config: AugmentationConfig,
) -> Float[Array, "batch height width 1"]:
    """Each face changed by its own draw from (`key`, `row`), whatever device holds it."""
    keys = jax.vmap(lambda i: jax.random.fold_in(key, i))(row)
    return jax.vmap(lambda k, face: _augment_face(k, face, config))(keys, grey)


def _augment_face(
    key: PRNGKeyArray, face: Float[Array, "height width 1"], config: AugmentationConfig
) -> Float[Array, "height width 1"]:
    flip_key, affine_key, light_key = jax.random.split(key, 3)
    if config.flip:
        face = jnp.where(jax.random.bernoulli(flip_key), face[:, ::-1], face)
    if config.shift or config.rotation or config.scale:
        face = _warp(affine_key, face, config)
    if config.brightness or config.contrast:
        face = _relight(light_key, face, config)
    return face


def _warp(
    key: PRNGKeyArray, face: Float[Array, "height width 1"], config: AugmentationConfig
) -> Float[Array, "height width 1"]:
    height, width, _ = face.shape
    draw = jax.random.uniform(key, (4,), minval=-1.0, maxval=1.0)
    shift = draw[:2] * config.shift * jnp.array([height, width])
    angle = jnp.deg2rad(draw[2] * config.rotation)
    size = 1 + draw[3] * config.scale
    centre = (jnp.array([height, width]) - 1) / 2
    # Where each output pixel comes from: the inverse of scale, then rotate, then shift.
    y, x = jnp.meshgrid(jnp.arange(height), jnp.arange(width), indexing="ij")
    y, x = y - centre[0] - shift[0], x - centre[1] - shift[1]
    cos, sin = jnp.cos(angle) / size, jnp.sin(angle) / size
    source = [cos * y - sin * x + centre[0], sin * y + cos * x + centre[1]]
    return map_coordinates(face[..., 0], source, order=1, mode="nearest")[..., None]


def _relight(
    key: PRNGKeyArray, face: Float[Array, "height width 1"], config: AugmentationConfig
) -> Float[Array, "height width 1"]:
    draw = jax.random.uniform(key, (2,), minval=-1.0, maxval=1.0)
    mean = face.mean()
    face = (face - mean) * (1 + draw[0] * config.contrast) + mean
    return jnp.clip(face + draw[1] * config.brightness, 0, 1)
