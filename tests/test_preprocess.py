import jax
import jax.numpy as jnp
import numpy as np
import scipy.stats
from PIL import Image

from gimefive_jax import parallel, preprocess
from gimefive_jax.config import AugmentationConfig
from gimefive_jax.structs import ShownFaces
from tests.tolerances import MOVED_FACE, SAME_PROGRAM

ALL = AugmentationConfig(
    flip=True, shift=0.1, rotation=20, scale=0.2, brightness=0.2, contrast=0.2, erasing=0.5
)


MIXED = AugmentationConfig(mixup=0.4, cutmix=1.0)


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


# Jitted: operation by operation the same takes seconds.
_augment_rows = jax.jit(preprocess.augment, static_argnames="config")
_mix_rows = jax.jit(preprocess.mix, static_argnames="config")


def _augment(grey: jax.Array, config: AugmentationConfig, *, seed: int = 0) -> np.ndarray:
    key = jax.random.key(seed)
    return np.asarray(_augment_rows(grey, jnp.arange(len(grey)), key=key, config=config))


def _mix(grey: jax.Array, config: AugmentationConfig, *, seed: int = 0) -> ShownFaces:
    # A face's label is its row.
    return _mix_rows(grey, jnp.arange(len(grey)), key=jax.random.key(seed), config=config)


def test_no_augmentation_changes_nothing():
    grey = preprocess.to_unit(jnp.asarray(_faces()))
    same = _augment(grey, AugmentationConfig())
    np.testing.assert_array_equal(same, grey)


def test_a_face_is_changed_the_same_in_any_company():
    grey, row = preprocess.to_unit(jnp.asarray(_faces())), jnp.arange(6)
    key = jax.random.key(0)
    whole = _augment_rows(grey, row, key=key, config=ALL)
    part = _augment_rows(grey[2:4], row[2:4], key=key, config=ALL)
    np.testing.assert_allclose(whole[2:4], part, atol=MOVED_FACE)


def test_rows_and_keys_draw_differently():
    same = jnp.repeat(preprocess.to_unit(jnp.asarray(_faces(1))), 6, 0)
    one, two = (_augment(same, ALL, seed=seed) for seed in (0, 1))
    assert len(np.unique(np.asarray(one).reshape(6, -1)[:, 500])) == 6
    assert np.abs(np.asarray(one - two)).max() > 0.1


def test_flip_only_mirrors():
    grey = preprocess.to_unit(jnp.asarray(_faces(40)))
    found = _augment(grey, AugmentationConfig(flip=True))
    mirrored = np.array([np.array_equal(a, b[:, ::-1]) for a, b in zip(found, grey, strict=True)])
    kept = np.array([np.array_equal(a, b) for a, b in zip(found, grey, strict=True)])
    assert (mirrored | kept).all()


def test_half_of_the_faces_are_mirrored():
    grey = jnp.broadcast_to(jnp.linspace(0, 1, 4)[:, None], (4000, 1, 4, 1))
    found = _augment(grey, AugmentationConfig(flip=True))
    # Five standard deviations of a fair coin thrown 4000 times.
    assert abs((found[:, 0, 0, 0] == 1).mean() - 0.5) < 5 * 0.5 / 4000**0.5


def test_shifts_fill_their_range_and_stay_within_it():
    # Grey that rises by one per pixel tells where each pixel came from.
    ramp = jnp.broadcast_to(jnp.arange(64.0)[None, :, None], (1000, 64, 64, 1))
    found = _augment(ramp, AugmentationConfig(shift=0.125))
    moved = 32 - found[:, 32, 32, 0]
    assert -8 <= moved.min() < -7.9
    assert 7.9 < moved.max() <= 8
    assert abs(moved.mean()) < 5 * (16 / 12**0.5) / 1000**0.5


def test_erasing_covers_what_its_documentation_says():
    # Noise around 0.5 holds the mean nowhere else.
    noise = jnp.asarray(np.random.default_rng(0).uniform(0, 1, (2000, 64, 64, 1)), jnp.float32)
    found = _augment(noise, AugmentationConfig(erasing=0.25))
    changed = (found != noise)[..., 0]
    hit = changed.any((1, 2))
    assert abs(hit.mean() - 0.25) < 5 * (0.25 * 0.75 / 2000) ** 0.5
    for face, before, where in zip(found[hit], noise[hit], changed[hit], strict=True):
        rows, columns = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
        # One whole rectangle, of the face's mean.
        assert where.sum() == len(rows) * len(columns)
        np.testing.assert_allclose(face[where], before.mean(), atol=1e-5)
        # Sides are rounded to whole pixels.
        height, width = len(rows), len(columns)
        assert (height - 0.5) * (width - 0.5) <= 0.3 * 64**2
        assert (height + 0.5) * (width + 0.5) >= 0.02 * 64**2
        assert (height - 0.5) / (width + 0.5) <= 1 / 0.3
        assert (width - 0.5) / (height + 0.5) <= 1 / 0.3
    share = changed[hit].mean((1, 2))
    assert share.min() < 0.05
    assert share.max() > 0.27
    # The same chance everywhere but at the rim.
    middle = changed[hit][:, 24:40, 24:40].mean((1, 2))
    assert 0.1 < middle.mean() < 0.5


def test_nothing_is_mixed_unless_asked_for():
    grey, label = preprocess.to_unit(jnp.asarray(_faces())), jnp.arange(6)
    shown = _mix(grey, AugmentationConfig())
    np.testing.assert_array_equal(shown.grey, grey)
    np.testing.assert_array_equal(shown.heavier_label, label)
    assert (shown.share == 1).all()


def test_mixup_blends_each_face_with_one_other_by_its_share():
    grey, label = preprocess.to_unit(jnp.asarray(_faces(50))), jnp.arange(50)
    shown = _mix(grey, AugmentationConfig(mixup=0.4))
    # Everyone is somebody's other, nobody is its own.
    assert sorted(shown.other_label.tolist()) == list(range(50))
    assert (shown.other_label != label).all()
    share = shown.share[:, None, None, None]
    wanted = share * grey + (1 - share) * grey[shown.other_label]
    np.testing.assert_allclose(shown.grey, wanted, atol=1e-6)


def test_mixup_draws_its_shares_from_the_beta_distribution():
    shares = _mix(jnp.zeros((3000, 1, 1, 1)), AugmentationConfig(mixup=0.4)).share
    assert scipy.stats.kstest(np.asarray(shares), scipy.stats.beta(0.4, 0.4).cdf).pvalue > 1e-3


def test_cutmix_puts_a_rectangle_of_the_other_face_in_and_counts_its_pixels():
    grey, label = preprocess.to_unit(jnp.asarray(_faces(50))), jnp.arange(50)
    shown = _mix(grey, AugmentationConfig(cutmix=1.0))
    from_other = np.asarray(shown.grey == grey[shown.other_label])[..., 0]
    from_own = np.asarray(shown.grey == grey)[..., 0]
    assert (from_other | from_own).all()
    for share, foreign in zip(shown.share, ~from_own, strict=True):
        rows, columns = np.flatnonzero(foreign.any(1)), np.flatnonzero(foreign.any(0))
        # Where both faces happen to be equally grey a pixel counts for neither.
        assert abs(len(rows) * len(columns) / 32**2 - (1 - share)) < 1e-6
    np.testing.assert_array_equal(
        shown.heavier_label, np.where(shown.share >= 0.5, label, shown.other_label)
    )


def test_with_both_on_each_face_is_blended_or_cut():
    # Zeros with ones: blended faces have a value between, cut ones none.
    grey = jnp.broadcast_to(jnp.arange(2.0)[:, None, None, None], (2, 8, 8, 1))
    cut = []
    for seed in range(200):
        shown = _mix(grey, MIXED, seed=seed)
        cut += [bool(np.isin(face, [0, 1]).all()) for face in np.asarray(shown.grey)]
    # A share of Beta(0.4, 0.4) may round to a whole face, so a few blends look cut.
    assert 0.4 < np.mean(cut) < 0.65


def test_eight_devices_show_the_same_faces_as_one():
    grey, label = preprocess.to_unit(jnp.asarray(_faces(32))), jnp.arange(32) % 6

    def show(grey: jax.Array, label: jax.Array) -> ShownFaces:
        key = jax.random.key(3)
        grey = preprocess.augment(grey, jnp.arange(32), key=key, config=ALL)
        return preprocess.mix(grey, label, key=key, config=MIXED)

    found = [
        jax.device_get(jax.jit(show)(*parallel.put_rows((grey, label), parallel.make_mesh(n))))
        for n in (1, 8)
    ]
    np.testing.assert_allclose(found[0].grey, found[1].grey, atol=MOVED_FACE)
    np.testing.assert_allclose(found[0].share, found[1].share, atol=SAME_PROGRAM)
    np.testing.assert_array_equal(found[0].other_label, found[1].other_label)


def test_a_quarter_turn_is_numpys():
    # With a fixed draw, the warp is an exact quarter turn: nothing is interpolated.
    face = preprocess.to_unit(jnp.asarray(_faces(1)))[0]
    key = jax.random.key(0)
    draw = float(jax.random.uniform(key, (4,), minval=-1.0, maxval=1.0)[2])
    turned = preprocess._warp(key, face, AugmentationConfig(rotation=90 / draw))
    wanted = [np.rot90(face, k) for k in (1, 3)]
    assert min(np.abs(np.asarray(turned) - w).max() for w in wanted) < 1e-3
