import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import PyTree

from gimefive_jax.config import ModelConfig
from gimefive_jax.explanation import explain_fn
from gimefive_jax.explanation.layers import call_order
from gimefive_jax.models import logits_fn, make_model
from gimefive_jax.models.blocks import PlaceCode, resized_code
from gimefive_jax.models.cost import count_parameters, variable_shapes
from tests.random_variables import seeded_variables
from tests.tolerances import RELATIVE, SAME_FORMULA

CONFIG = ModelConfig(name="gimefive_local", width=0.0625)
MODEL = make_model(CONFIG)
MOST_PIXELS = 40


def _faces(side: int = 64) -> jax.Array:
    return jnp.asarray(np.random.default_rng(1).normal(size=(3, side, side, 3)), jnp.float32)


@functools.cache
def _variables() -> PyTree:
    return seeded_variables(MODEL)


def _evidence(variables: PyTree, faces: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Logits and the maps of all categories, from one prediction."""

    def is_evidence(module: object, _: str) -> bool:
        return getattr(module, "name", None) == "evidence"

    logits, state = MODEL.apply(
        variables, faces, train=False, capture_intermediates=is_evidence, mutable="intermediates"
    )
    [maps] = jax.tree.leaves(state["intermediates"])
    return logits, maps


@pytest.mark.parametrize("side", [64, 96])
def test_each_logit_is_the_mean_of_its_map(side: int):
    logits, maps = jax.jit(_evidence)(_variables(), _faces(side))
    assert maps.shape == (3, side // 8, side // 8, 6)
    wanted = np.asarray(maps, np.float64).mean((1, 2))
    assert np.abs(logits - wanted).max() <= SAME_FORMULA * np.abs(maps).max()
    # Not because all cells say the same.
    assert np.asarray(maps).std((1, 2)).min() > 0.01


def test_hirescam_at_its_default_layer_is_the_map_of_evidence_and_leaves_nothing_over():
    target = jnp.array([5, 0, 3])
    _, maps = jax.jit(_evidence)(_variables(), _faces())
    explain = explain_fn(logits_fn(MODEL), layers=MODEL.default_layer)
    found = jax.jit(explain)(_variables(), _faces(), target).explanations["hirescam", "evidence"]
    wanted = jnp.take_along_axis(maps, target[:, None, None, None], -1)[..., 0] / 64
    assert jnp.abs(found.heat_map - wanted).max() <= SAME_FORMULA * jnp.abs(wanted).max()
    assert (found.bias_effect == 0).all()
    assert found.is_complete.all()
    gap = np.abs(np.asarray(found.heat_map, np.float64).sum((1, 2)) - found.score)
    assert (gap <= SAME_FORMULA * np.abs(found.heat_map).sum((1, 2))).all()


def test_the_maps_of_all_categories_come_with_a_prediction():
    layer = MODEL.default_layer
    explain = jax.jit(explain_fn(logits_fn(MODEL), layers=layer, every_category=True))
    predict = jax.jit(logits_fn(MODEL))
    found = explain(_variables(), _faces()).explanations["hirescam", layer].heat_map
    _, maps = jax.jit(_evidence)(_variables(), _faces())
    wanted = jnp.moveaxis(maps, -1, 1) / 64
    assert jnp.abs(found - wanted).max() <= SAME_FORMULA * jnp.abs(wanted).max()
    # No convolution and no product more, forwards or backwards, than a prediction has.
    explained, predicted = (
        step.trace(_variables(), _faces()).lower(lowering_platforms=("tpu",)).as_text()
        for step in (explain, predict)
    )
    for operation in ("stablehlo.convolution(", "stablehlo.dot_general"):
        assert explained.count(operation) == predicted.count(operation) > 0


def test_the_place_code_enters_the_effect_of_the_biases_below_it():
    explain = jax.jit(explain_fn(logits_fn(MODEL), layers="block3/activation"))
    found = explain(_variables(), _faces()).explanations["hirescam", "block3/activation"]
    assert found.unknown == ""
    assert found.is_complete.all()


@pytest.mark.parametrize("cell", [(0, 0), (3, 4), (7, 2)])
def test_a_cell_sees_at_most_40_pixels_a_side(cell: tuple[int, int]):
    def value(face: jax.Array) -> jax.Array:
        return jnp.square(_evidence(_variables(), face)[1][0, *cell]).sum()

    slope = np.asarray(jax.jit(jax.grad(value))(_faces()[:1]))[0]
    for axis, number in enumerate(cell):
        seen = np.flatnonzero(np.abs(slope).sum((2, 1 - axis)))
        assert seen.max() - seen.min() < MOST_PIXELS
        # Around its own pixels, as far as the face reaches.
        middle = 8 * number + 3.5
        assert np.abs(seen - middle).max() <= MOST_PIXELS / 2
        assert len(seen) > MOST_PIXELS / 4


def test_cells_differ_by_their_place_alone():
    flat = jnp.full((1, 64, 64, 3), 0.3)
    with_code, without = (
        np.asarray(_evidence(variables, flat)[1])[0, 3:5, 3:5]
        for variables in (_variables(), _without_code())
    )
    # Cells whose 38 pixels reach no border see the same of a flat face.
    assert np.ptp(without, axis=(0, 1)).max() <= RELATIVE * np.abs(without).max()
    assert np.ptp(with_code, axis=(0, 1)).min() > 0.001


@pytest.mark.parametrize("width", [1.0, 0.5, 0.25, 0.125])
def test_it_has_the_parameters_of_gimefive_at_every_width(width: float):
    ours, theirs = (
        count_parameters(variable_shapes(make_model(config), image_size=64)["params"])
        for config in (
            ModelConfig(name="gimefive_local", width=width),
            ModelConfig(name="gimefive", width=width),
        )
    )
    assert 0.98 < ours / theirs <= 1


def test_a_code_of_another_grid_is_interpolated_between_its_neighbours():
    code = jnp.asarray([[[0.0], [4.0]], [[8.0], [12.0]]])
    assert (resized_code(code, 2, 2) == code).all()
    np.testing.assert_allclose(resized_code(code, 1, 1)[..., 0], [[6]])
    np.testing.assert_allclose(resized_code(code, 2, 4)[..., 0], [[0, 1, 3, 4], [8, 9, 11, 12]])
    # So its shape does not tell the side of the faces.
    shapes = jax.eval_shape(PlaceCode().init, jax.random.key(0), jnp.zeros((1, 12, 12, 5)))
    assert shapes["params"]["code"].shape == (8, 8, 5)


def test_the_head_drops_a_feature_at_every_place_of_a_face():
    def hidden(key: jax.Array) -> jax.Array:
        _, state = MODEL.apply(
            _variables(),
            _faces(),
            train=True,
            rngs={"dropout": key},
            capture_intermediates=lambda module, _: module.name == "head_dropout",
            mutable=["intermediates", "batch_stats"],
        )
        [dropped] = jax.tree.leaves(state["intermediates"])
        return dropped

    dropped = jax.jit(hidden)(jax.random.key(0))
    silent = np.asarray((dropped == 0).all((1, 2)))
    assert 0.4 < silent.mean() < 0.8
    assert len({row.tobytes() for row in silent}) == 3


def test_its_layers_are_named_in_the_order_of_their_calls():
    shapes = call_order(logits_fn(MODEL), _variables(), _faces())
    assert [name for name in shapes if "/" not in name] == [
        "block1", "block2", "block3", "place", "block4", "dense1", "head_dropout", "dense2",
        "evidence",
    ]  # fmt: skip


def _without_code() -> PyTree:
    params = dict(_variables()["params"])
    return {**_variables(), "params": {**params, "place": {"code": 0 * params["place"]["code"]}}}
