import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from gimefive_jax.explanation.faithfulness.similarity import similarity, spearman, ssim
from tests.tolerances import RELATIVE

NUM_FACES = 6


def _maps(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(seed).random((NUM_FACES, *shape)).astype(np.float32)


@pytest.mark.parametrize("shape", [(4, 4), (16, 16), (7,)])
@pytest.mark.parametrize("levels", [3, 10_000])
def test_rank_correlation_is_that_of_scipy_also_with_ties(shape: tuple[int, ...], levels: int):
    one, two = (np.round(_maps(seed, shape) * levels) for seed in (0, 1))
    two += one  # some correlation
    one[0, 0] = -0.0
    wanted = [
        stats.spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(one, two, strict=True)
    ]
    np.testing.assert_allclose(spearman(one, two), wanted, atol=RELATIVE)


@pytest.mark.parametrize(("size", "window"), [(16, 7), (7, 7), (5, 5), (3, 3)])
def test_structural_similarity_is_that_of_scikit_image(size: int, window: int):
    skimage = pytest.importorskip("skimage.metrics")
    one, two = _maps(0, (size, size)), _maps(1, (size, size))
    two = (one + 2 * two) / 3
    wanted = [
        skimage.structural_similarity(a, b, data_range=1.0, win_size=window)
        for a, b in zip(one.astype(np.float64), two.astype(np.float64), strict=True)
    ]
    np.testing.assert_allclose(ssim(one, two), wanted, atol=RELATIVE)


@pytest.mark.parametrize("shape", [(4, 4), (2, 2), (1, 1), (8, 3)])
def test_a_map_equals_itself_and_its_negative_in_any_scale_on_any_grid(shape: tuple[int, int]):
    found = similarity(_maps(0, shape), -1e-12 * _maps(0, shape))
    np.testing.assert_allclose(found.ssim, 1, atol=RELATIVE)
    np.testing.assert_allclose(found.spearman, 0 if shape == (1, 1) else 1, atol=RELATIVE)


def test_maps_smaller_than_a_window_are_compared_in_one():
    one, two = _maps(0, (4, 4)).astype(np.float64), _maps(1, (4, 4)).astype(np.float64)
    for a, b, found in zip(one, two, ssim(one.astype(np.float32), two), strict=True):
        covariance = np.cov(a.ravel(), b.ravel())
        level = (2 * a.mean() * b.mean() + 1e-4) / (a.mean() ** 2 + b.mean() ** 2 + 1e-4)
        structure = (2 * covariance[0, 1] + 9e-4) / (np.trace(covariance) + 9e-4)
        assert found == pytest.approx(level * structure, abs=RELATIVE)


def test_unrelated_maps_have_no_rank_correlation_on_average():
    one, two = (np.random.default_rng(s).normal(size=(2000, 4, 4)) for s in (0, 1))
    # The rank correlation of 16 unrelated values has variance 1 / 15.
    assert abs(float(similarity(one, two).spearman.mean())) < 4 / np.sqrt(15 * 2000)


def test_flat_maps_give_zero_and_no_nan():
    flat, other = jnp.zeros((NUM_FACES, 8, 8)), _maps(0, (8, 8))
    for one, two in ((flat, other), (other, flat), (flat, flat)):
        found = similarity(one, two)
        assert (found.spearman == 0).all()
        assert jnp.isfinite(found.ssim).all()
