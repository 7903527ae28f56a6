"""Every category in one pass, and scores of changed faces and activations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import PyTree

from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.explanation import explain_fn
from gimefive_jax.models import logits_fn, make_model
from tests.random_variables import random_variables
from tests.relative import relative_difference
from tests.tolerances import RELATIVE

MODEL = make_model(ModelConfig(width=0.0625))
LAYERS = ("block5/activation", "block4/activation", "block4/activation+block5/activation")
METHODS = ("hirescam", "gradcam", "layercam", "eigencam")
X = jax.random.normal(jax.random.key(0), (3, 32, 32, 3))


@pytest.fixture(scope="module")
def variables() -> PyTree:
    return random_variables(MODEL, size=32)


def test_every_category_at_once_is_each_one_alone(variables: PyTree):
    options = {"methods": METHODS, "layers": LAYERS, "recorded": "block1/activation"}
    every = jax.jit(explain_fn(logits_fn(MODEL), **options, every_category=True))(variables, X)
    one = jax.jit(explain_fn(logits_fn(MODEL), **options))
    for label in range(6):
        wanted = one(variables, X, jnp.full(3, label))
        for key, alone in wanted.explanations.items():
            found = every.explanations[key]
            for field in ("heat_map", "score", "bias_effect"):
                a, b = getattr(found, field), getattr(alone, field)
                assert (a is None) == (b is None)
                if b is not None:
                    assert relative_difference(a[:, label], b) < RELATIVE
            assert (found.target[:, label] == label).all()
            assert found.predictions.logits.shape == (3, 6)
            if alone.is_complete is not None:
                assert (found.is_complete[:, label] == alone.is_complete).all()
                assert found.completeness_gap.shape == (3, 6)
    found = every.activation_means["block1/activation"]
    np.testing.assert_allclose(found, wanted.activation_means["block1/activation"], rtol=1e-5)


def test_every_category_may_be_set_against_one(variables: PyTree):
    explain = explain_fn(logits_fn(MODEL), layers=LAYERS[0], every_category=True)
    against = jnp.array([0, 1, 2])
    [found] = jax.jit(explain)(variables, X, None, against).explanations.values()
    assert relative_difference(found.heat_map[0, 0] + 1, jnp.ones((2, 2))) < RELATIVE
    logits = found.predictions.logits
    wanted = logits - logits[jnp.arange(3), against][:, None]
    np.testing.assert_allclose(found.score, wanted, rtol=1e-5, atol=1e-6)


def test_one_forward_pass_serves_all_of_them(variables: PyTree):
    def convolutions(**options: bool) -> int:
        explain = explain_fn(logits_fn(MODEL), layers=LAYERS[0], **options)
        text = jax.jit(explain).lower(variables, X).as_text()
        return text.count("stablehlo.convolution")

    assert convolutions(every_category=True) == convolutions() > 0


def test_a_target_or_a_score_beside_every_category_is_refused(variables: PyTree):
    explain = explain_fn(logits_fn(MODEL), layers=LAYERS[0], every_category=True)
    with pytest.raises(InputError, match="leave out the target"):
        explain(variables, X, jnp.zeros(3, int))
    with pytest.raises(InputError, match="leave out the score"):
        explain_fn(logits_fn(MODEL), layers=LAYERS[0], score=lambda y: y[:, 0], every_category=True)


@pytest.mark.parametrize("layer", ["block3/activation", "block5", "input"])
def test_scores_from_activations_are_those_of_the_network_above(variables: PyTree, layer: str):
    def ablated(activation, gradient, forward, forward_from, x):
        copies = jnp.stack([activation, 0 * activation])
        seen, blank = forward_from(copies), forward(jnp.stack([x, x]))
        same = jnp.abs(seen[0] - blank[0])
        return jnp.stack([same, seen[1], forward_from(activation)], 1)[:, None]

    explain = jax.jit(explain_fn(logits_fn(MODEL), methods=ablated, layers=layer))
    [found] = explain(variables, X).explanations.values()
    same, blank, alone = np.asarray(found.heat_map)[:, 0].T
    np.testing.assert_allclose(same, 0, atol=1e-5)
    np.testing.assert_allclose(alone, found.score, rtol=1e-5)
    if layer == "block5":
        # Nothing but the biases of the head is left.
        head, y = variables["params"], jnp.zeros((1, len(variables["params"]["dense1"]["kernel"])))
        for name in ("dense1", "dense2"):
            y = jax.nn.relu(y @ head[name]["kernel"] + head[name]["bias"])
        y = y @ head["logits"]["kernel"] + head["logits"]["bias"]
        np.testing.assert_allclose(blank, y[0, found.target], rtol=1e-5, atol=1e-6)


def test_nothing_below_the_layer_is_computed_for_changed_activations(variables: PyTree):
    def ablated(activation, gradient, forward_from):
        return forward_from(activation[None] * 0)[0][:, None, None]

    def convolutions(method) -> int:
        explain = jax.jit(explain_fn(logits_fn(MODEL), methods=method, layers="block5/activation"))
        return explain.lower(variables, X).compile().as_text().count(" convolution(")

    assert convolutions(ablated) == convolutions("hirescam") > 0
