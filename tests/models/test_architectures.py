"""Facts of the paper's table (arXiv 2402.15662), model by model."""

import functools

import jax
import jax.numpy as jnp
import pytest

from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.explanation.capture import explainable_layers
from gimefive_jax.models import ARCHITECTURES, default_layer, make_model
from gimefive_jax.models.vgg import ConvPair

PARAMETERS = {
    "gimefive": 10_478_086,
    "gimefive_no_dropout": 10_478_086,
    "gimefive_se": 10_478_598,
    "gimefive_baseline": 2_606_086,
    "gimefive_deep": 41_950_726,
    "gimefive_residual": 95_051_014,
    "vgg": 72_460_742,
    "resnet18": 11_179_590,
    "resnet34": 21_287_750,
}


def _face(size: int = 64) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((1, size, size, 3), jnp.float32)


def _shapes(config: ModelConfig, size: int = 64) -> dict:
    init = functools.partial(make_model(config).init, train=False)
    return jax.eval_shape(init, jax.random.key(0), _face(size))


def test_the_registry_holds_the_papers_table():
    assert list(ARCHITECTURES) == list(PARAMETERS)


@pytest.mark.parametrize("name", PARAMETERS)
def test_each_model_has_the_papers_number_of_parameters(name: str):
    params = _shapes(ModelConfig(name=name))["params"]
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == PARAMETERS[name]


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_default_layer_is_the_last_activation(name: str):
    config = ModelConfig(name=name, width=0.0625)
    layers = explainable_layers(make_model(config), _shapes(config), _face())
    activations = [layer for layer in layers if layer.endswith("/activation")]
    assert default_layer(config) == activations[-1]
    # What is drawn of every block: neither norms nor dropouts, and no layer twice.
    assert len(set(layers)) == len(layers)
    assert not [layer for layer in layers if "norm" in layer or "dropout" in layer]


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_model_answers_seven_categories_too(name: str):
    model = make_model(ModelConfig(name=name, width=0.0625, num_classes=7))
    variables = _shapes(ModelConfig(name=name, width=0.0625, num_classes=7))
    logits = jax.eval_shape(functools.partial(model.apply, train=False), variables, _face())
    assert logits.shape == (1, 7)


def test_no_dropout_means_none_in_the_blocks():
    model = make_model(ModelConfig(name="gimefive_no_dropout", dropout_rate=0.2))
    assert (model.dropout_rate, model.head_dropout_rate) == (0.0, 0.5)


def test_six_pools_need_an_image_of_64_pixels():
    with pytest.raises(InputError, match=r"1x1 cannot be halved; double data\.image_size"):
        _shapes(ModelConfig(name="gimefive_deep", width=0.0625), size=32)


def test_a_shared_norm_updates_its_statistics_with_both_convolutions():
    pair, x = ConvPair(2), jnp.ones((1, 4, 4, 1))
    variables = pair.init(jax.random.key(0), x, train=False)
    kernels = {
        f"conv{i}": {"kernel": jnp.zeros((3, 3, i, 2)), "bias": jnp.full(2, float(i))}
        for i in (1, 2)
    }
    variables = {**variables, "params": {**variables["params"], **kernels}}
    _, changed = jax.jit(functools.partial(pair.apply, train=True, mutable="batch_stats"))(
        variables, x
    )
    # Convolutions of zero kernels have their biases as batch means: 1, then 2.
    wanted = 0.9 * (0.9 * 0 + 0.1 * 1) + 0.1 * 2
    assert jnp.allclose(changed["batch_stats"]["norm"]["mean"], wanted)
