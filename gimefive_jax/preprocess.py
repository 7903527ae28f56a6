"""From uint8 faces to network input, and augmentation: pure JAX, shared by every stage."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.ndimage import map_coordinates
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray, UInt8

from gimefive_jax import kept_programs
from gimefive_jax.config import AugmentationConfig
from gimefive_jax.structs import AnyArray, PixelScale, ShownFaces

# Per-channel statistics of ImageNet, which the paper uses for its three equal grey channels.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
_UNIT = np.arange(256, dtype=np.float32) / np.float32(255)
# Share of the face that erasing covers, and height over width of what it covers; even the largest
# and longest rectangle lies inside a square face.
ERASED_AREA = (0.02, 0.3)
ERASED_ASPECT = (0.3, 1 / 0.3)


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
    channels = (lax.slice_in_dim(image, i, i + 1, axis=-1) for i in range(3))
    red, green, blue = (channel.astype(jnp.uint32) for channel in channels)
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


def pixel_scale(channels: int) -> PixelScale:
    """Gives what `normalise` makes of black and of white.

    Args:
      channels: 3 for three equal normalised channels, 1 for one.

    Returns:
      The scale, with a number for each channel.
    """

    def computed() -> PixelScale:
        # At once, also where a program is being traced.
        with jax.ensure_compile_time_eval():
            greys = jnp.array([0.0, 1.0]).reshape(2, 1, 1, 1)
            black, white = np.asarray(normalise(greys, channels=channels))[:, 0, 0]
        return PixelScale(tuple(map(float, black)), tuple(map(float, white)), is_grey=True)

    return kept_programs.recalled(f"pixel scale {channels}", computed)


def augment(
    grey: Float[Array, "batch height width 1"],
    row: Int[Array, " batch"],
    *,
    key: PRNGKeyArray,
    config: AugmentationConfig,
) -> Float[Array, "batch height width 1"]:
    """Each face changed by its own draw from (`key`, `row`), whatever device holds it.

    Mirrored and moved, then lit, then erased.
    """
    return jax.vmap(lambda k, face: _augment_face(k, face, config))(_keys(key, row), grey)


def mix(
    grey: Float[Array, "batch height width 1"],
    label: Int[AnyArray, " batch"],
    *,
    key: PRNGKeyArray,
    config: AugmentationConfig,
) -> ShownFaces:
    """Each face of a whole batch mixed with one other of it, and the share that it keeps.

    The other is the one a drawn distance further on, so that every face is taken twice. The share
    and the place are the row's own draw. Mixup: Zhang et al. 2018; cutmix: Yun et al. 2019.
    """
    label = jnp.asarray(label)
    if not (config.mixup or config.cutmix):
        return ShownFaces(grey, label=label, other_label=label, share=jnp.ones(label.shape))
    num_faces = label.shape[0]
    distance_key, row_key = jax.random.split(key)
    row = jnp.arange(num_faces)
    other = (row + jax.random.randint(distance_key, (), 1, num_faces)) % num_faces
    mixed, share = jax.vmap(lambda k, one, two: _mix_faces(k, one, two, config))(
        _keys(row_key, row), grey, grey[other]
    )
    return ShownFaces(mixed, label=label, other_label=label[other], share=share)


def _keys(key: PRNGKeyArray, row: Int[Array, " batch"]) -> Key[Array, " batch"]:
    return jax.vmap(lambda i: jax.random.fold_in(key, i))(row)


def _augment_face(
    key: PRNGKeyArray, face: Float[Array, "height width 1"], config: AugmentationConfig
) -> Float[Array, "height width 1"]:
    flip_key, affine_key, light_key, erasing_key = jax.random.split(key, 4)
    if config.flip:
        face = jnp.where(jax.random.bernoulli(flip_key), face[:, ::-1], face)
    if config.shift or config.rotation or config.scale:
        face = _warp(affine_key, face, config)
    if config.brightness or config.contrast:
        face = _relight(light_key, face, config)
    if config.erasing:
        face = _erase(erasing_key, face, config)
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


def _erase(
    key: PRNGKeyArray, face: Float[Array, "height width 1"], config: AugmentationConfig
) -> Float[Array, "height width 1"]:
    """Random erasing (Zhong et al. 2020), filled with the mean: an even grey is no texture."""
    chance_key, size_key, place_key = jax.random.split(key, 3)
    draw = jax.random.uniform(size_key, (2,))
    area = ERASED_AREA[0] + draw[0] * (ERASED_AREA[1] - ERASED_AREA[0])
    low, high = jnp.log(ERASED_ASPECT[0]), jnp.log(ERASED_ASPECT[1])
    aspect = jnp.exp(low + draw[1] * (high - low))
    inside = _rectangle(
        place_key, face, height=jnp.sqrt(area * aspect), width=jnp.sqrt(area / aspect)
    )
    happens = jax.random.bernoulli(chance_key, config.erasing)
    return jnp.where(inside & happens, face.mean(), face)


def _mix_faces(
    key: PRNGKeyArray,
    face: Float[Array, "height width 1"],
    other: Float[Array, "height width 1"],
    config: AugmentationConfig,
) -> tuple[Float[Array, "height width 1"], Float[Array, ""]]:
    """Mixed face and the share of `face` in it."""
    choice_key, share_key, place_key = jax.random.split(key, 3)
    # Where one is off it is never chosen; its alpha only has to be valid.
    chance = 0.5 if config.mixup and config.cutmix else float(config.cutmix > 0)
    cuts = jax.random.bernoulli(choice_key, chance)
    alpha = jnp.where(cuts, config.cutmix or 1.0, config.mixup or 1.0)
    share = jax.random.beta(share_key, alpha, alpha)
    side = jnp.sqrt(1 - share)
    inside = _rectangle(place_key, face, height=side, width=side)
    # Whole pixels only: the label follows what is really shown.
    kept = jnp.where(cuts, 1 - inside.mean(), share)
    weight = jnp.where(cuts, 1.0 - inside, share)
    return weight * face + (1 - weight) * other, kept


def _rectangle(
    key: PRNGKeyArray,
    face: Float[Array, "height width 1"],
    *,
    height: Float[Array, ""],
    width: Float[Array, ""],
) -> Bool[Array, "height width 1"]:
    """Which pixels lie in a rectangle anywhere inside; its sides are shares of the face's."""
    sides = jnp.array(face.shape[:2])
    length = jnp.round(jnp.stack([height, width]) * sides).astype(int)
    start = jnp.floor(jax.random.uniform(key, (2,)) * (sides - length + 1)).astype(int)
    y, x = jnp.arange(face.shape[0]), jnp.arange(face.shape[1])
    in_y = (y >= start[0]) & (y < start[0] + length[0])
    in_x = (x >= start[1]) & (x < start[1] + length[1])
    return (in_y[:, None] & in_x)[..., None]
