import jax
import numpy as np

from gimefive_jax.explanation.faithfulness import measure_fn
from gimefive_jax.explanation.faithfulness.road import NOISE, SHARES, Road, imputed_faces
from gimefive_jax.structs import PixelScale
from tests.explanation.faithfulness.networks import SIDE, faces, linear_probability, weights
from tests.explanation.faithfulness.test_imputation import solved_by_scipy
from tests.tolerances import IMPUTATION


def _measure(x: np.ndarray, maps: np.ndarray, weight: np.ndarray, road: Road) -> dict:
    measure = measure_fn(linear_probability, road, pixels=PixelScale())
    return jax.jit(measure)(weight, x, maps, np.zeros(len(x), int), np.arange(len(x)))


def test_road_of_a_linear_probability_is_that_of_pixels_that_scipy_filled() -> None:
    x, weight = faces(2), weights()
    maps = np.random.default_rng(3).random((2, SIDE, SIDE)).astype(np.float32)
    found = _measure(x, maps, weight, Road(noise=0.0))
    curves = {"morf": [], "lerf": []}
    for name, sign in (("morf", -1), ("lerf", 1)):
        for face, heat_map in zip(x[..., 0], maps, strict=True):
            rank = (sign * heat_map).ravel().argsort().argsort().reshape(SIDE, SIDE)
            filled = [solved_by_scipy(face, rank < round(s * SIDE**2)) for s in SHARES]
            curves[name].append([(weight * one).sum() for one in filled])
        np.testing.assert_allclose(found[f"road_{name}_curve"], curves[name], atol=IMPUTATION)
    combined = (np.array(curves["lerf"]) - curves["morf"]).mean(1) / 2
    np.testing.assert_allclose(found["road"], combined, atol=IMPUTATION)


def test_the_map_of_what_counts_is_right_and_its_opposite_wrong() -> None:
    weight = np.zeros((SIDE, SIDE), np.float32)
    weight[:4, :4] = 0.9 / 16
    x = np.zeros((1, SIDE, SIDE, 1), np.float32)
    x[:, :4, :4] = 1
    maps = np.float32(weight[None] > 0)
    good, bad = (_measure(x, one, weight, Road())["road"][0] for one in (maps, 1 - maps))
    assert good > 0.3
    np.testing.assert_allclose(good, -bad, atol=0.05)


def test_random_order_scores_zero() -> None:
    x, weight = faces(200), weights()
    found = np.asarray(_measure(x, np.zeros((200, 4, 4), np.float32), weight, Road())["road"])
    assert abs(found.mean()) < 4 * found.std() / np.sqrt(200)


def test_noise_is_that_of_the_face_and_lies_on_imputed_pixels_alone() -> None:
    x = 3 + faces(3)
    gone = np.random.default_rng(0).random((2, 3, SIDE, SIDE)) < 0.5
    scale = PixelScale(3.0, 5.0)
    index = np.array([4, 7, 4])
    clean, noisy = (imputed_faces(x, gone, index, pixels=scale, noise=n) for n in (0.0, NOISE))
    added = np.asarray(noisy - clean)[..., 0]
    assert (added[~gone] == 0).all()
    both = gone[:, 0] & gone[:, 2]
    np.testing.assert_allclose(added[:, 0][both], added[:, 2][both], atol=1e-6)
    np.testing.assert_allclose(added[gone].std(), 2 * NOISE, rtol=0.1)


def test_grey_is_imputed_once_for_all_channels() -> None:
    grey = faces(2)
    gone = np.random.default_rng(0).random((3, 2, SIDE, SIDE)) < 0.5
    scale = PixelScale((-2.0, -1.0, 0.0), (1.0, 1.0, 2.0))
    x, index = np.asarray(scale.to_input(grey)), np.arange(2)
    every = imputed_faces(x, gone, index, pixels=scale, noise=0.0)
    once = imputed_faces(
        x, gone, index, pixels=PixelScale(scale.black, scale.white, is_grey=True), noise=0.0
    )
    np.testing.assert_allclose(every, once, atol=3 * IMPUTATION)
