import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image

from gimefive_jax import preprocess
from gimefive_jax.config import AugmentationConfig

ALL = AugmentationConfig(flip=True, shift=0.1, rotation=20, scale=0.2, brightness=0.2, contrast=0.2)


def _faces(count: int = 6, channels: int = 1) -> np.ndarray:
    shape = (count, 32, 32, channels)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def test_grey_is_pils_to_the_bit_for_every_colour_of_a_million():
    faces = np.random.default_rng(1).integers(0, 256, (16, 256, 256, 3), np.uint8)
    grey = np.asarray(preprocess.to_grey(jnp.asarray(faces)))
    for face, found in zip(faces, grey, strict=True):
        wanted = np.asarray(Image.fromarray(face).convert("L"))
        np.testing.assert_array_equal(found[..., 0], wanted)


def test_grey_in_three_equal_channels_stays_the_same_grey():
    faces = jnp.asarray(_faces())
    np.testing.assert_array_equal(preprocess.to_grey(jnp.repeat(faces, 3, -1)), faces)


def test_input_is_normalised_per_channel():
    found = preprocess.to_input(jnp.full((1, 32, 32, 1), 255, jnp.uint8), channels=3)
    wanted = (1 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    np.testing.assert_allclose(found[0, 0, 0], wanted, rtol=1e-6)


def test_one_channel_is_normalised_by_the_means_of_the_three():
    colours = jnp.asarray(_faces(channels=3))
    found = preprocess.to_input(colours, channels=1)
    assert found.shape == (6, 32, 32, 1)
    grey = np.asarray(preprocess.to_grey(colours)) / 255
    np.testing.assert_allclose(found, (grey - 0.449) / 0.226, rtol=1e-5, atol=1e-6)


def test_no_augmentation_changes_nothing():
    grey = preprocess.to_unit(jnp.asarray(_faces()))
    same = preprocess.augment(
        grey, jnp.arange(6), key=jax.random.key(0), config=AugmentationConfig()
    )
    np.testing.assert_array_equal(same, grey)


def test_a_face_is_changed_the_same_in_any_company():
    grey, row = preprocess.to_unit(jnp.asarray(_faces())), jnp.arange(6)
    key = jax.random.key(0)
    whole = preprocess.augment(grey, row, key=key, config=ALL)
    part = preprocess.augment(grey[2:4], row[2:4], key=key, config=ALL)
    np.testing.assert_allclose(whole[2:4], part, atol=1e-6)


def test_rows_and_keys_draw_differently():
    same = jnp.repeat(preprocess.to_unit(jnp.asarray(_faces(1))), 6, 0)
    one = preprocess.augment(same, jnp.arange(6), key=jax.random.key(0), config=ALL)
    two = preprocess.augment(same, jnp.arange(6), key=jax.random.key(1), config=ALL)
    assert len(np.unique(np.asarray(one).reshape(6, -1)[:, 500])) == 6
    assert np.abs(np.asarray(one - two)).max() > 0.1


def test_flip_only_mirrors():
    grey = preprocess.to_unit(jnp.asarray(_faces(40)))
    config = AugmentationConfig(flip=True)
    found = preprocess.augment(grey, jnp.arange(40), key=jax.random.key(0), config=config)
    mirrored = np.array([np.array_equal(a, b[:, ::-1]) for a, b in zip(found, grey, strict=True)])
    kept = np.array([np.array_equal(a, b) for a, b in zip(found, grey, strict=True)])
    assert (mirrored | kept).all()
    assert 8 <= mirrored.sum() <= 32


def test_a_quarter_turn_is_numpys():
    # With a fixed draw, the warp is an exact quarter turn: nothing is interpolated.
    face = preprocess.to_unit(jnp.asarray(_faces(1)))[0]
    key = jax.random.key(0)
    draw = float(jax.random.uniform(key, (4,), minval=-1.0, maxval=1.0)[2])
    turned = preprocess._warp(key, face, AugmentationConfig(rotation=90 / draw))
    wanted = [np.rot90(face, k) for k in (1, 3)]
    assert min(np.abs(np.asarray(turned) - w).max() for w in wanted) < 1e-3
