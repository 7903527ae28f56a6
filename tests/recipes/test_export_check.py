"""The check of an exported file: wrong files are refused, faces that rounding moves are not."""

import functools
from collections.abc import Callable

import jax
import numpy as np
import pytest
from jaxtyping import PyTree

from gimefive_jax.api import Classifier
from gimefive_jax.config import DataConfig, ExperimentConfig, ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.inference import Driver
from gimefive_jax.models import make_model
from gimefive_jax.recipes.export_check import (
    Outputs,
    by_face,
    check_same,
    drawn_faces,
    in_batches,
    moved_by_rounding,
)
from gimefive_jax.recipes.exported_function import ExportedFunction
from tests.random_variables import seeded_variables

SIDE, NUM_FACES = 32, 24
EXPLAINED = "hirescam@block2/activation"
EDGE = 0.7  # of the only ReLU


def switching(inputs: np.ndarray, scale: float) -> Outputs:
    """A network of one product and one ReLU, whose map is 1 where the ReLU lets through."""
    logits = np.maximum(inputs * scale - EDGE, 0)
    return {"logits": logits, "heat_map": (inputs * scale > EDGE).astype(float)}


@pytest.fixture(scope="module")
def inputs() -> np.ndarray:
    found = np.linspace(0, 1, NUM_FACES)
    found[3] = EDGE + 1e-8
    return found


def check(theirs: Outputs, inputs: np.ndarray):
    run, scale = functools.partial(switching, inputs), np.array(1.0)
    ours = run(scale)
    return check_same(theirs, ours, lambda: moved_by_rounding(run, scale, ours))


def flipped(outputs: Outputs, *faces: int) -> Outputs:
    heat_map = outputs["heat_map"].copy()
    heat_map[list(faces)] = 1 - heat_map[list(faces)]
    return {**outputs, "heat_map": heat_map}


def test_a_face_on_an_edge_is_counted_and_not_compared(inputs: np.ndarray):
    ours = switching(inputs, 1.0)
    assert check(ours, inputs).num_on_edge == 0
    found = check(flipped(ours, 3), inputs)
    assert found.num_on_edge == 1
    assert found.differences == {"logits": 0, "heat_map": 0}


def test_a_face_that_rounding_does_not_move_is_refused(inputs: np.ndarray):
    with pytest.raises(InputError, match=r"heat_map of .* on 2 of 24 faces"):
        check(flipped(switching(inputs, 1.0), 3, 4), inputs)


def test_more_than_an_eighth_on_an_edge_are_refused(inputs: np.ndarray):
    all_on_edge = np.full_like(inputs, inputs[3])
    ours = switching(all_on_edge, 1.0)
    assert check(flipped(ours, 0, 1, 2), all_on_edge).num_on_edge == 3
    with pytest.raises(InputError, match="on 4 of 24 faces"):
        check(flipped(ours, 0, 1, 2, 3), all_on_edge)


def test_logits_that_differ_are_refused_on_every_face(inputs: np.ndarray):
    ours = switching(inputs, 1.0)
    logits = ours["logits"].copy()
    logits[3] += 2e-4
    with pytest.raises(InputError, match=r"logits of .* on 1 of 24 faces, by up to 2\.0e-04"):
        check({**flipped(ours, 3), "logits": logits}, inputs)


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_what_is_no_number_is_refused(number: float, inputs: np.ndarray):
    ours = switching(inputs, 1.0)
    with pytest.raises(InputError, match="heat_map"):
        check({**ours, "heat_map": np.full_like(ours["heat_map"], number)}, inputs)


def test_differences_are_over_the_largest_value_or_1():
    ours = {"a": np.array([100.0, 0.0]), "b": np.array([0.1, 0.0])}
    theirs = {"a": np.array([101.0, 0.0]), "b": np.array([0.3, 0.1])}
    found = by_face(theirs, ours)
    np.testing.assert_allclose(found["a"], [0.01, 0])
    np.testing.assert_allclose(found["b"], [0.2, 0.1])


def test_all_faces_come_back_from_parts_of_any_size():
    faces = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
    for batch in (None, 1, 4, 16):
        found = in_batches(lambda part: {"a": part[:, 0, 0, 0]}, faces, batch)
        assert found["a"].tolist() == list(range(10))


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    config = ExperimentConfig(model=ModelConfig(width=1 / 32), data=DataConfig(image_size=SIDE))
    return Classifier("narrow", config, seeded_variables(make_model(config.model), size=SIDE), None)


def without_bias(variables: PyTree) -> PyTree:
    def changed(path: tuple, leaf: np.ndarray) -> np.ndarray:
        return leaf * 0 if [key.key for key in path[-2:]] == ["logits", "bias"] else leaf

    return jax.tree_util.tree_map_with_path(changed, variables)


@pytest.fixture(scope="module")
def run(classifier: Classifier) -> Callable[[PyTree], Outputs]:
    made, driver = ExportedFunction.of(classifier, EXPLAINED), Driver(classifier.mesh, NUM_FACES)
    faces = drawn_faces(classifier, NUM_FACES)
    return lambda variables: driver.run(made.outputs, variables, faces)


@pytest.fixture(scope="module")
def variables(classifier: Classifier) -> PyTree:
    return jax.device_get(classifier.variables)


@pytest.fixture(scope="module")
def ours(run: Callable[[PyTree], Outputs], variables: PyTree) -> Outputs:
    return run(variables)


def halved_grid(ours: Outputs) -> Outputs:
    return {**ours, "heat_maps": ours["heat_maps"][..., ::2, ::2]}


def unweighted(ours: Outputs) -> Outputs:
    return {**ours, "heat_maps": np.maximum(ours["heat_maps"], 0)}


WRONG: dict[str, Callable[[Outputs], Outputs]] = {
    "maps of another layer": halved_grid,
    "maps of another method": unweighted,
    "swapped categories": lambda ours: {**ours, "heat_maps": ours["heat_maps"][:, ::-1]},
    "map of one category": lambda ours: {**ours, "heat_map": ours["heat_maps"][:, 0]},
    "neighbours": lambda ours: {**ours, "b_eff": np.roll(ours["b_eff"], 1, axis=0)},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_refused(
    name: str, ours: Outputs, run: Callable[[PyTree], Outputs], variables: PyTree
):
    theirs = WRONG[name](ours)
    with pytest.raises(InputError, match="differs from the model's"):
        check_same(theirs, ours, lambda: moved_by_rounding(run, variables, ours))


def test_a_file_without_one_bias_is_refused(
    ours: Outputs, run: Callable[[PyTree], Outputs], variables: PyTree
):
    theirs = run(without_bias(variables))
    for name in (("logits", "probabilities"), ("b_eff",)):
        part = {**ours, **{one: theirs[one] for one in name}}
        with pytest.raises(InputError, match=f"{name[0]} of the exported file"):
            check_same(part, ours, lambda: moved_by_rounding(run, variables, ours))


def test_rounding_moves_hardly_a_face(
    ours: Outputs, run: Callable[[PyTree], Outputs], variables: PyTree
):
    # Else the check would let wrong maps pass.
    assert moved_by_rounding(run, variables, ours).mean() < 0.2
    assert check_same(ours, ours, lambda: pytest.fail("nothing differs")).num_on_edge == 0
