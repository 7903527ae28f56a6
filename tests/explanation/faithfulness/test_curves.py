import jax
import jax.numpy as jnp
import numpy as np
from scipy.ndimage import gaussian_filter

from gimefive_jax.explanation.faithfulness import measure_fn
from gimefive_jax.explanation.faithfulness.curves import STEPS, Deletion
from gimefive_jax.structs import PixelScale
from tests.explanation.faithfulness.networks import SIDE, faces, linear_probability, weights
from tests.tolerances import RELATIVE

ALL = ("deletion", "deletion_blurred", "insertion")


def _measure(x: np.ndarray, maps: np.ndarray, weight: np.ndarray, **given: object) -> dict:
    measure = measure_fn(linear_probability, ALL, pixels=PixelScale(), mean_face=0.0, **given)
    index = np.arange(len(x))
    return jax.jit(measure)(weight, x, maps, np.zeros(len(x), int), index)


def _blurred(x: np.ndarray) -> np.ndarray:
    sigma = 5 / 64 * SIDE
    return gaussian_filter(x, (0, sigma, sigma, 0), mode="nearest")


def test_curves_of_a_linear_probability_are_partial_sums() -> None:
    x, weight = faces(), weights()
    maps = np.random.default_rng(2).random((len(x), SIDE, SIDE)).astype(np.float32)
    found = _measure(x, maps, weight)
    counts = np.rint(np.arange(STEPS + 1) / STEPS * SIDE**2).astype(int)
    sums = {"deletion": 0 * x, "deletion_blurred": _blurred(x), "insertion": _blurred(x)}
    for name, absent in sums.items():
        for face, one in enumerate(x):
            first, then = (
                (absent[face], one) if name.startswith("deletion") else (one, absent[face])
            )
            order = np.argsort(-maps[face].ravel())
            terms, others = ((weight[..., None] * a).ravel()[order] for a in (first, then))
            exact = [terms[:count].sum() + others[count:].sum() for count in counts]
            np.testing.assert_allclose(
                found[f"{name}_curve"][face], exact, rtol=RELATIVE, atol=1e-6
            )
            area = np.trapezoid(exact, dx=1 / STEPS)
            np.testing.assert_allclose(found[name][face], area, rtol=RELATIVE)


def test_the_map_of_the_only_pixel_that_counts_deletes_at_once() -> None:
    weight = np.zeros((SIDE, SIDE), np.float32)
    weight[5, 7] = 0.8
    x, maps = np.ones((1, SIDE, SIDE, 1), np.float32), np.float32(weight[None] > 0)
    found = _measure(x, maps, weight)
    np.testing.assert_allclose(found["deletion"], 0.8 / 2 / STEPS, rtol=RELATIVE, atol=1e-6)
    # The last pixel to go leaves the probability whole until then.
    worst = _measure(x, 1 - maps, weight)
    np.testing.assert_allclose(worst["deletion"], 0.8 * (1 - 0.5 / STEPS), rtol=RELATIVE)


def test_random_order_scores_half_way_between_both_ends() -> None:
    x, weight = faces(200), weights()
    found = _measure(x, np.zeros((200, 4, 4), np.float32), weight)
    assert np.asarray(found["degenerate"]).all()
    for name in ALL:
        ends = np.asarray(found[f"{name}_curve"])[:, [0, -1]].mean(1)
        missed = np.asarray(found[name]) - ends
        assert abs(missed.mean()) < 4 * missed.std() / np.sqrt(200)


def test_number_of_faces_in_one_call_changes_nothing() -> None:
    x, weight, maps = faces(3), weights(), faces(3)[..., 0]
    whole, parts = (_measure(x, maps, weight, rows_at_once=n) for n in (1000, 5))
    for name in whole:
        np.testing.assert_allclose(whole[name], parts[name], rtol=RELATIVE)


def test_one_network_call_holds_no_more_faces_than_asked_for() -> None:
    seen = []

    def network(weight: jax.Array, x: jax.Array) -> jax.Array:
        seen.append(len(x))
        return linear_probability(weight, x)

    measure = measure_fn(network, Deletion(), pixels=PixelScale(), mean_face=0.0, rows_at_once=12)
    jax.eval_shape(
        measure, weights(), faces(4), faces(4)[..., 0], jnp.zeros(4, int), jnp.zeros(4, int)
    )
    assert max(seen) == 12
    assert sum(seen) == 4 * (STEPS + 1)
