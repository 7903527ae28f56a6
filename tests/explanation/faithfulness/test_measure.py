import jax
import numpy as np
import pytest

from gimefive_jax import parallel
from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.explanation.faithfulness import METRIC_FACTS, METRICS, measure_fn
from gimefive_jax.inference import Driver, on_pixels
from gimefive_jax.models import logits_fn, make_model
from gimefive_jax.preprocess import pixel_scale
from gimefive_jax.structs import PixelScale
from tests.explanation.faithfulness.networks import faces, linear_probability, weights
from tests.random_variables import seeded_variables
from tests.tolerances import RELATIVE

OF_EXPLAIN = ("max_sensitivity", "flip_consistency", "adcc")
"""They compare the given maps with those of an explain function."""
OF_PLACES = tuple(name for name in METRICS if name not in (*OF_EXPLAIN, "infidelity"))
"""They take the positive part of a map as places."""


def _explain(weight: np.ndarray, x: jax.Array, target: jax.Array) -> jax.Array:
    return (weight[..., None] * x).sum(-1).reshape(len(x), 4, 4, 4, 4).sum((2, 4))


def _results(
    maps: np.ndarray, metrics: tuple[str, ...] = (*OF_PLACES, "infidelity")
) -> dict[str, np.ndarray]:
    measure = measure_fn(
        linear_probability, metrics, pixels=PixelScale(), mean_face=0.5, explain=_explain
    )
    count = len(maps)
    found = jax.jit(measure)(weights(), faces(count), maps, np.zeros(count, int), np.arange(count))
    return jax.tree.map(np.asarray, found)


def test_every_result_that_is_a_number_has_facts_and_keeps_its_range() -> None:
    maps = np.random.default_rng(0).normal(size=(6, 4, 4)).astype(np.float32)
    found = _results(maps, tuple(METRICS))
    numbers = [name for name, one in found.items() if one.ndim == 1 and name != "degenerate"]
    assert set(numbers) == set(METRIC_FACTS)
    for name in numbers:
        facts = METRIC_FACTS[name]
        assert (facts.low <= found[name]).all()
        assert (found[name] <= facts.high).all()


def test_maps_that_show_no_place_are_flagged_and_give_numbers() -> None:
    maps = np.ones((5, 4, 4), np.float32)
    maps[1], maps[2], maps[3, 0, 0], maps[4, 0, 0] = 0, -1, np.nan, 2
    found = _results(maps)
    assert found["degenerate"].tolist() == [True, True, True, True, False]
    assert all(np.isfinite(one).all() for one in found.values())
    flat = _results(np.ones((5, 4, 4), np.float32), OF_PLACES)
    for name in flat:
        np.testing.assert_allclose(found[name][:4], flat[name][:4], rtol=RELATIVE, atol=1e-6)


def test_scale_of_a_map_does_not_matter() -> None:
    maps = np.random.default_rng(0).normal(size=(4, 4, 4)).astype(np.float32)
    small, large = _results(1e-20 * maps), _results(1e20 * maps)
    for name in small:
        np.testing.assert_allclose(small[name], large[name], rtol=RELATIVE, atol=1e-6)


def test_a_metric_of_ones_own_gets_what_it_names() -> None:
    def peak(heat_map: jax.Array, unchanged: jax.Array) -> jax.Array:
        return heat_map.max((1, 2)) * unchanged

    measure = measure_fn(linear_probability, peak, pixels=PixelScale())
    x, maps = faces(), np.full((4, 2, 2), 3.0, np.float32)
    found = measure(weights(), x, maps, np.zeros(4, int), np.arange(4))
    expected = 3 * (weights()[..., None] * x).sum((1, 2, 3))
    np.testing.assert_allclose(found["peak"], expected, rtol=RELATIVE)


def _run(metrics: object) -> None:
    measure = measure_fn(linear_probability, metrics, pixels=PixelScale())
    measure(weights(), faces(), faces()[..., 0], np.zeros(4, int), np.arange(4))


def test_what_cannot_be_given_is_named() -> None:
    for metrics, words in (
        ("deletoin", "deletion"),
        ("deletion", "mean_face="),
        ("adcc", "explain="),
        (lambda rnak: rnak, "rank"),
        (lambda x: x, r"\[4\]"),
    ):
        with pytest.raises(InputError, match=words):
            _run(metrics)


def test_devices_and_batches_change_no_measure() -> None:
    model = make_model(ModelConfig(width=0.0625))
    measure = measure_fn(
        logits_fn(model), OF_PLACES, pixels=pixel_scale(3), mean_face=0.1, rows_at_once=64
    )
    images = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 1), np.uint8)
    maps = np.random.default_rng(1).normal(size=(8, 4, 4)).astype(np.float32)
    columns = (maps, np.arange(8, dtype=np.int32) % 6, np.arange(8, dtype=np.int32))
    function = on_pixels(measure, channels=3)
    variables = seeded_variables(model)
    whole, sharded = (
        Driver(parallel.make_mesh(count), batch_size=size).run(
            function, variables, images, *columns
        )
        for count, size in ((1, 4), (8, 8))
    )
    for name in whole:
        np.testing.assert_allclose(whole[name], sharded[name], rtol=RELATIVE, atol=1e-6)
