"""A module that is called twice, as the batch norm of each pair of `vgg`."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import PyTree

from gimefive_jax.config import ModelConfig
from gimefive_jax.explanation import call_order, capture
from gimefive_jax.models import logits_fn, make_model
from tests.random_variables import seeded_variables
from tests.relative import relative_difference
from tests.tolerances import RELATIVE

MODEL = make_model(ModelConfig(name="vgg", width=0.0625))
FIRST, SECOND = "pair1/norm", "pair1/norm#2"
run = jax.jit(functools.partial(capture, logits_fn(MODEL)), static_argnames=("layers", "recorded"))


@pytest.fixture(scope="module")
def variables() -> PyTree:
    return seeded_variables(MODEL, size=32)


@pytest.fixture(scope="module")
def faces() -> jax.Array:
    return jax.random.normal(jax.random.key(1), (3, 32, 32, 3))


def test_each_call_has_an_address_of_its_own(variables: PyTree, faces: jax.Array):
    names = list(call_order(logits_fn(MODEL), variables, faces))
    assert [name for name in names if name.startswith("pair1/")] == [
        "pair1/conv1",
        FIRST,
        "pair1/inner_activation",
        "pair1/dropout",
        "pair1/conv2",
        SECOND,
        "pair1/activation",
    ]


def test_each_call_gives_its_own_activation(variables: PyTree, faces: jax.Array):
    found = run(
        variables,
        faces,
        None,
        layers=(SECOND,),
        recorded=(FIRST, "pair1/inner_activation", "pair1/activation"),
    )
    for norm, activation in ((FIRST, "pair1/inner_activation"), (SECOND, "pair1/activation")):
        np.testing.assert_array_equal(
            jax.nn.relu(found.activations[norm]), found.activations[activation]
        )


@pytest.mark.parametrize("layer", [FIRST, SECOND, "pair1/conv1", "pair2/activation"])
def test_map_and_biases_of_every_call_add_up_to_the_logit(
    variables: PyTree, faces: jax.Array, layer: str
):
    found = run(variables, faces, None, layers=(layer,))
    terms = found.activations[layer] * found.gradients[layer]
    logit = jnp.take_along_axis(found.logits, found.target[:, None], 1)[:, 0]
    effect = found.bias_effects[layer]
    gap = jnp.abs(terms.sum((1, 2, 3)) + effect - logit)
    size = jnp.abs(logit) + jnp.abs(effect) + jnp.abs(terms).sum((1, 2, 3))
    assert (gap <= RELATIVE * size).all()


def test_both_calls_at_once_equal_one_at_a_time(variables: PyTree, faces: jax.Array):
    together = run(variables, faces, None, layers=(FIRST, SECOND))
    for layer in (FIRST, SECOND):
        alone = run(variables, faces, None, layers=(layer,))
        assert relative_difference(together.gradients[layer], alone.gradients[layer]) < RELATIVE
        assert (
            relative_difference(together.bias_effects[layer], alone.bias_effects[layer]) < RELATIVE
        )
