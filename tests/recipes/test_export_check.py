"""The check of an exported file: wrong files are refused, faces that rounding moves are not."""

import dataclasses
import functools
from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, PyTree

from gimefive_jax import parallel
from gimefive_jax.api import Classifier
from gimefive_jax.config import DataConfig, ExperimentConfig, ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.inference import Driver
from gimefive_jax.models import make_model
from gimefive_jax.recipes.export_check import (
    Agreement,
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
EDGE = 127  # of the only ReLU, in grey levels


class Switching(nn.Module):
    """A network of one product and one ReLU, whose map is 1 where the ReLU lets through."""

    @nn.compact
    def __call__(self, x: Array) -> Outputs:
        value = nn.Dense(1, use_bias=False)(x) - EDGE
        return {"logits": jnp.maximum(value, 0), "heat_map": jnp.float32(value > 0)}


def switching(kernel: Array, faces: Array) -> Outputs:
    variables = {"params": {"Dense_0": {"kernel": kernel}}}
    return Switching().apply(variables, faces[:, 0, 0, :1].astype(jnp.float32))


KERNEL = np.ones((1, 1), np.float32)
DRIVER = Driver(parallel.make_mesh(1), NUM_FACES)


def grey(*levels: int) -> np.ndarray:
    return np.broadcast_to(np.uint8(levels)[:, None, None, None], (len(levels), 1, 1, 3)).copy()


@pytest.fixture(scope="module")
def inputs() -> np.ndarray:
    levels = [10 * number for number in range(NUM_FACES)]
    levels[3] = EDGE
    return grey(*levels)


def check(theirs: Outputs, inputs: np.ndarray) -> Agreement:
    ours = plain(inputs)
    return check_same(
        theirs,
        ours,
        lambda asked: moved_by_rounding(asked, switching, KERNEL, inputs, driver=DRIVER, ours=ours),
    )


def plain(inputs: np.ndarray) -> Outputs:
    return DRIVER.run(switching, KERNEL, inputs)


def flipped(outputs: Outputs, *faces: int) -> Outputs:
    heat_map = outputs["heat_map"].copy()
    heat_map[list(faces)] = 1 - heat_map[list(faces)]
    return {**outputs, "heat_map": heat_map}


def test_a_face_on_an_edge_is_counted_and_not_compared(inputs: np.ndarray):
    ours = plain(inputs)
    assert check(ours, inputs).num_on_edge == 0
    found = check(flipped(ours, 3), inputs)
    assert found.num_on_edge == 1
    assert found.differences == {"logits": 0, "heat_map": 0}


def test_a_face_that_rounding_does_not_move_is_refused(inputs: np.ndarray):
    with pytest.raises(InputError, match=r"heat_map of .* on 2 of 24 faces"):
        check(flipped(plain(inputs), 3, 4), inputs)


def test_more_than_a_quarter_on_an_edge_are_refused(inputs: np.ndarray):
    all_on_edge = np.full_like(inputs, inputs[3])
    ours = plain(all_on_edge)
    assert check(flipped(ours, *range(6)), all_on_edge).num_on_edge == 6
    with pytest.raises(InputError, match="on 7 of 24 faces"):
        check(flipped(ours, *range(7)), all_on_edge)


def test_logits_that_differ_are_refused_on_every_face(inputs: np.ndarray):
    ours = plain(inputs)
    logits = ours["logits"].copy()
    logits[-1] *= 1 + 2e-4
    with pytest.raises(InputError, match=r"logits of .* on 1 of 24 faces, by up to 2\.0e-04"):
        check({**flipped(ours, 3), "logits": logits}, inputs)


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_what_is_no_number_is_refused(number: float, inputs: np.ndarray):
    ours = plain(inputs)
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


@dataclasses.dataclass(frozen=True)
class Exported:
    """What is exported of a model, and its outputs for some faces."""

    classifier: Classifier
    made: ExportedFunction
    faces: np.ndarray

    def run(self, variables: PyTree) -> Outputs:
        return DRIVER.run(self.made.outputs, variables, self.faces)

    @functools.cached_property
    def ours(self) -> Outputs:
        return self.run(self.classifier.variables)

    def moved(self, asked: np.ndarray) -> np.ndarray:
        variables = self.classifier.variables
        return moved_by_rounding(
            asked, self.made.outputs, variables, self.faces, driver=DRIVER, ours=self.ours
        )

    def check(self, theirs: Outputs) -> Agreement:
        return check_same(theirs, self.ours, self.moved)


@pytest.fixture(scope="module")
def exported(classifier: Classifier) -> Exported:
    made = ExportedFunction.of(classifier, EXPLAINED)
    return Exported(classifier, made, drawn_faces(classifier, NUM_FACES))


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
def test_a_wrong_file_is_refused(name: str, exported: Exported):
    with pytest.raises(InputError, match="differs from the model's"):
        exported.check(WRONG[name](exported.ours))


def test_a_file_without_one_bias_is_refused(exported: Exported):
    theirs = exported.run(without_bias(exported.classifier.variables))
    for names in (("logits", "probabilities"), ("b_eff",)):
        part = {**exported.ours, **{name: theirs[name] for name in names}}
        with pytest.raises(InputError, match=f"{names[0]} of the exported file"):
            exported.check(part)


def test_rounding_moves_few_faces(exported: Exported):
    # Else the check would let wrong maps pass.
    assert exported.moved(np.ones(NUM_FACES, bool)).mean() < 0.7
    assert exported.check(exported.ours).num_on_edge == 0
