"""What a map that knows nothing scores, in closed form, on faces whose probability is a sum."""

import jax
import numpy as np
import pytest

from gimefive_jax.explanation.faithfulness import METRICS, measure_fn
from gimefive_jax.explanation.faithfulness.baselines import random_maps
from gimefive_jax.structs import PixelScale
from tests.explanation.faithfulness.networks import SIDE, faces, linear_probability, weights

COUNT = 200


@pytest.fixture(scope="module")
def random_scores() -> dict[str, np.ndarray]:
    index, grid = np.arange(COUNT), (SIDE, SIDE)
    maps, others = (random_maps(index + at, *grid).astype(np.float32) for at in (0, COUNT))
    names = tuple(name for name in METRICS if name not in ("max_sensitivity", "flip_consistency"))
    measure = measure_fn(
        linear_probability,
        names,
        pixels=PixelScale(),
        mean_face=0.0,
        # Another random map: a method that draws its maps.
        explain=lambda variables, x, target: others[: len(x)],
    )
    found = jax.jit(measure)(weights(), faces(COUNT), maps, 0 * index, index)
    return jax.tree.map(np.asarray, found)


def _is_chance(values: np.ndarray, chance: np.ndarray | float) -> bool:
    missed = values - chance
    return abs(missed.mean()) < 4 * missed.std() / np.sqrt(COUNT)


@pytest.mark.parametrize("name", ["deletion", "deletion_blurred", "insertion"])
def test_random_curves_enclose_half_of_what_there_is(
    random_scores: dict[str, np.ndarray], name: str
) -> None:
    ends = random_scores[f"{name}_curve"][:, [0, -1]].mean(1)
    assert _is_chance(random_scores[name], ends)


def test_random_road_is_nothing(random_scores: dict[str, np.ndarray]) -> None:
    assert _is_chance(random_scores["road"], 0)
    assert _is_chance(random_scores["road_morf"] - random_scores["road_lerf"], 0)


def test_random_mask_hides_as_much_as_it_covers(random_scores: dict[str, np.ndarray]) -> None:
    assert _is_chance(random_scores["average_drop"], 1 - random_scores["complexity"])
    assert not random_scores["increase"].any()


def test_random_maps_do_not_cohere(random_scores: dict[str, np.ndarray]) -> None:
    assert _is_chance(random_scores["coherency"], 0.5)
    parts = [random_scores["coherency"], 1 - random_scores["complexity"]]
    parts.append(1 - random_scores["average_drop"])
    np.testing.assert_allclose(random_scores["adcc"], 3 / sum(1 / p for p in parts), rtol=1e-4)


def test_random_concentration_is_that_of_even_draws(random_scores: dict[str, np.ndarray]) -> None:
    # Of numbers even in [0, 1]: a Gini index of 1/3; u ln u has the mean ln 2 - 1/2 for u = 2x.
    assert abs(random_scores["gini"].mean() - 1 / 3) < 0.01
    entropy = 1 - (np.log(2) - 0.5) / np.log(SIDE**2)
    assert abs(random_scores["entropy"].mean() - entropy) < 0.002
