import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import PyTree

from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.explanation import capture, explainable_layers, gradcam, hirescam
from gimefive_jax.explanation.layers import check_layers
from gimefive_jax.models import default_layer, logits_fn, make_model
from tests.random_variables import random_variables
from tests.relative import relative_difference
from tests.tolerances import RELATIVE

CONFIG = ModelConfig(width=0.125)
MODEL = make_model(CONFIG)
LAST = default_layer(CONFIG)
LAYERS = (LAST, "block3/activation", "block4", "block5/conv")
run = jax.jit(functools.partial(capture, logits_fn(MODEL)), static_argnames=("layers", "recorded"))


@pytest.fixture(scope="module")
def variables() -> PyTree:
    return random_variables(MODEL)


@pytest.fixture(scope="module")
def faces() -> jax.Array:
    return jax.random.normal(jax.random.key(1), (7, 64, 64, 3))


def _head(variables: PyTree, activation: jax.Array) -> jax.Array:
    """Logits from the last block's activation, written out: pool, mean, three dense layers."""
    windows = activation.reshape(len(activation), 2, 2, 2, 2, -1)
    x = windows.max((2, 4)).mean((1, 2))
    params = variables["params"]
    for name in ("dense1", "dense2"):
        x = jax.nn.relu(x @ params[name]["kernel"] + params[name]["bias"])
    return x @ params["logits"]["kernel"] + params["logits"]["bias"]


def test_gradients_are_those_of_the_written_out_head(variables: PyTree, faces: jax.Array):
    target = jnp.arange(7) % 6
    found = run(variables, faces, target, layers=(LAST,))
    activation = found.activations[LAST]
    np.testing.assert_allclose(_head(variables, activation), found.logits, rtol=1e-5, atol=1e-5)
    wanted = jax.grad(lambda a: _head(variables, a)[jnp.arange(7), target].sum())(activation)
    assert relative_difference(found.gradients[LAST], wanted) < RELATIVE


def test_capturing_does_not_change_the_logits(variables: PyTree, faces: jax.Array):
    found = run(variables, faces, None, layers=LAYERS, recorded=("block1/activation",))
    wanted = MODEL.apply(variables, faces, train=False)
    assert relative_difference(found.logits, wanted) < RELATIVE
    assert (found.target == wanted.argmax(-1)).all()


@pytest.mark.parametrize("layer", LAYERS)
def test_hirescam_and_the_biases_add_up_to_the_logit(
    variables: PyTree, faces: jax.Array, layer: str
):
    found = run(variables, faces, None, layers=(layer,))
    terms = found.activations[layer] * found.gradients[layer]
    logit = np.take_along_axis(np.asarray(found.logits), np.asarray(found.target)[:, None], 1)[:, 0]
    effect = found.bias_effects[layer]
    gap = np.abs(
        hirescam(found.activations[layer], found.gradients[layer]).sum((1, 2)) + effect - logit
    )
    size = np.abs(logit) + np.abs(effect) + np.abs(terms).sum((1, 2, 3))
    assert (gap <= RELATIVE * size).all()


def test_the_bias_effect_is_the_derivative_in_the_biases(variables: PyTree, faces: jax.Array):
    found = run(variables, faces, None, layers=(LAST,))
    names = ("dense1", "dense2", "logits")

    def logit(biases: dict, face: jax.Array, target: jax.Array) -> jax.Array:
        params = dict(variables["params"])
        for name in names:
            params[name] = {**params[name], "bias": biases[name]}
        changed = {**variables, "params": params}
        return MODEL.apply(changed, face[None], train=False)[0, target]

    biases = {name: variables["params"][name]["bias"] for name in names}
    slopes = jax.vmap(jax.grad(logit), in_axes=(None, 0, 0))(biases, faces, found.target)
    wanted = sum((slopes[name] * biases[name]).sum(-1) for name in names)
    assert relative_difference(found.bias_effects[LAST], wanted) < RELATIVE


def test_at_the_pool_gradcam_and_hirescam_are_one(variables: PyTree, faces: jax.Array):
    found = run(variables, faces, None, layers=("block5",))
    activation, gradient = found.activations["block5"], found.gradients["block5"]
    assert (
        relative_difference(gradcam(activation, gradient), hirescam(activation, gradient))
        < RELATIVE
    )


def test_window_sums_at_the_activation_are_the_map_at_the_pool(variables: PyTree, faces: jax.Array):
    found = run(variables, faces, None, layers=(LAST, "block5"))
    fine = hirescam(found.activations[LAST], found.gradients[LAST])
    coarse = hirescam(found.activations["block5"], found.gradients["block5"])
    assert relative_difference(fine.reshape(7, 2, 2, 2, 2).sum((2, 4)), coarse) < RELATIVE


def test_several_layers_at_once_equal_one_at_a_time(variables: PyTree, faces: jax.Array):
    together = run(variables, faces, None, layers=LAYERS)
    for layer in LAYERS:
        alone = run(variables, faces, None, layers=(layer,))
        assert relative_difference(together.gradients[layer], alone.gradients[layer]) < RELATIVE
        assert (
            relative_difference(together.bias_effects[layer], alone.bias_effects[layer]) < RELATIVE
        )


def test_a_batch_equals_a_loop(variables: PyTree, faces: jax.Array):
    whole = run(variables, faces, None, layers=(LAST,))
    for i, face in enumerate(faces):
        one = run(variables, face[None], None, layers=(LAST,))
        assert relative_difference(whole.gradients[LAST][i], one.gradients[LAST][0]) < RELATIVE


def test_nothing_below_the_layer_is_differentiated(variables: PyTree, faces: jax.Array):
    def explain(faces: jax.Array) -> jax.Array:
        found = run(variables, faces, None, layers=(LAST,))
        return hirescam(found.activations[LAST], found.gradients[LAST])

    def forward(faces: jax.Array) -> jax.Array:
        return MODEL.apply(variables, faces, train=False)

    convolutions = [
        jax.jit(f).lower(faces).compile().as_text().count(" convolution(")
        for f in (explain, forward)
    ]
    assert convolutions[0] == convolutions[1] > 0


def test_layers_are_listed_in_the_order_of_the_network(variables: PyTree, faces: jax.Array):
    layers = explainable_layers(logits_fn(MODEL), variables, faces)
    assert layers[:3] == ["block1/conv", "block1/activation", "block1"]
    assert len(layers) == 15
    assert LAST == "block5/activation"


def test_an_unknown_layer_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'block5/activation'"):
        check_layers(("block5/activaton",), ["block4/activation", "block5/activation"])
