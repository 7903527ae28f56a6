"""What of given weights a run begins with, by layers and by names of categories."""

import dataclasses

import jax
import numpy as np
import pytest

from gimefive_jax.config import ExperimentConfig, ModelConfig
from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.errors import InputError
from gimefive_jax.models import make_model
from gimefive_jax.training.beginning import Beginning, begin
from gimefive_jax.training.initial import InitialWeights
from tests.interop.states import make_weights
from tests.random_variables import seeded_variables

OWN = ("bored", "happiness", "tired")
WEIGHTS = make_weights("gimefive", depth=2)
MODEL = WEIGHTS.config.model
HEAD = WEIGHTS.variables["params"]["logits"]
TOTAL = len(jax.tree.leaves(WEIGHTS.variables))


def _begin(emotions: tuple[str, ...] = EMOTIONS, **changes: object) -> tuple[Beginning, dict]:
    model = dataclasses.replace(MODEL, num_classes=len(emotions), emotions=emotions, **changes)
    drawn = jax.tree.map(lambda leaf: leaf + 1.0, seeded_variables(make_model(model), size=64))
    initial = InitialWeights("start", WEIGHTS)
    return begin(initial, ExperimentConfig(model=model), drawn), drawn


def test_all_is_taken_where_all_fits():
    begun, _ = _begin()
    jax.tree.map(np.testing.assert_array_equal, begun.variables, WEIGHTS.variables)
    assert begun.line == f"began from start (gimefive, width 0.0625): {TOTAL} of {TOTAL} tensors"
    assert begun.num_batches_tracked == WEIGHTS.num_batches_tracked


def test_other_categories_draw_a_new_head():
    begun, drawn = _begin(("bored", "tired", "awake"))
    params = begun.variables["params"]
    np.testing.assert_array_equal(params["logits"]["kernel"], drawn["params"]["logits"]["kernel"])
    np.testing.assert_array_equal(
        params["block2"]["conv"]["kernel"], WEIGHTS.variables["params"]["block2"]["conv"]["kernel"]
    )
    assert f"{TOTAL - 2} of {TOTAL}" in begun.line
    assert "new: logits (3 categories instead of 6)" in begun.line


def test_rows_go_by_the_names_of_the_categories():
    begun, drawn = _begin(OWN)
    head, fresh = begun.variables["params"]["logits"], drawn["params"]["logits"]
    # happiness is the first of the paper's and the second here.
    np.testing.assert_array_equal(head["kernel"][:, 1], HEAD["kernel"][:, 0])
    np.testing.assert_array_equal(head["bias"][1], HEAD["bias"][0])
    np.testing.assert_array_equal(head["kernel"][:, [0, 2]], fresh["kernel"][:, [0, 2]])
    assert "logits: 1 of 3 categories by name, new: bored, tired" in begun.line


def test_another_order_is_another_order_of_rows():
    begun, _ = _begin(EMOTIONS[::-1])
    head = begun.variables["params"]["logits"]
    np.testing.assert_array_equal(head["kernel"], HEAD["kernel"][:, ::-1])
    assert f"{TOTAL} of {TOTAL}" in begun.line
    assert "order" in begun.line


def test_a_subset_takes_its_rows_and_draws_none():
    begun, _ = _begin(EMOTIONS[1:3])
    np.testing.assert_array_equal(
        begun.variables["params"]["logits"]["kernel"], HEAD["kernel"][:, 1:3]
    )
    assert f"{TOTAL} of {TOTAL}" in begun.line


def test_a_layer_is_taken_whole_or_not():
    begun, drawn = _begin(input_channels=1)
    first = begun.variables["params"]["block1"]["conv"]
    # Its bias would fit; it belongs to the other kernel.
    jax.tree.map(np.testing.assert_array_equal, first, drawn["params"]["block1"]["conv"])
    assert f"{TOTAL - 2} of {TOTAL}" in begun.line
    assert "new: block1/conv" in begun.line


def test_new_and_unused_layers_are_named():
    begun, _ = _begin(squeeze_excite="on")
    assert "new: block1/squeeze_excite/expand, block1/squeeze_excite/reduce" in begun.line
    # One block less: the dense layer behind it sees fewer features.
    begun, _ = _begin(depth=1)
    assert "new: dense1" in begun.line
    assert "not used: block2/norm, block2/conv" in begun.line


@pytest.mark.parametrize("changes", [{"width": 0.125}, {"name": "resnet18", "depth": 0}])
def test_where_nothing_fits_the_line_names_both_models(changes: dict[str, object]):
    with pytest.raises(InputError) as caught:
        _begin(**changes)
    model = dataclasses.replace(ModelConfig(), **changes)
    for fact in ("start", "gimefive, width 0.0625", model.name, "--init"):
        assert fact in str(caught.value)
