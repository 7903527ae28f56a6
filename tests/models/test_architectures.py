"""Facts of the paper's table (arXiv 2402.15662), model by model."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import pytest

from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.explanation import explainable_layers
from gimefive_jax.models import ARCHITECTURES, blank_face, default_layer, logits_fn, make_model
from gimefive_jax.models.cost import count_parameters, variable_shapes
from gimefive_jax.models.vgg import ConvPair

PARAMETERS = {
    "gimefive": 10_478_086,
    "gimefive_no_dropout": 10_478_086,
    "gimefive_se": 10_478_598,
    "gimefive_baseline": 2_606_086,
    "gimefive_deep": 41_950_726,
    "gimefive_local": 10_298_630,
    "gimefive_residual": 95_051_014,
    "resnet18": 11_179_590,
    "resnet34": 21_287_750,
    "vgg": 72_460_742,
}


def _face(size: int = 64) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((1, size, size, 3), jnp.float32)


def _last_explained(layers: list[str]) -> str:
    """The last activation, or the maps of evidence where a model has them."""
    return [x for x in layers if x.endswith("/activation") or x == "evidence"][-1]


def _shapes(config: ModelConfig, size: int = 64) -> dict:
    init = functools.partial(make_model(config).init, train=False)
    return jax.eval_shape(init, jax.random.key(0), _face(size))


def test_the_registry_holds_the_papers_table_and_a_model_of_ours():
    assert list(ARCHITECTURES) == list(PARAMETERS)


@pytest.mark.parametrize("name", PARAMETERS)
def test_each_model_has_the_papers_number_of_parameters_or_its_own(name: str):
    params = _shapes(ModelConfig(name=name))["params"]
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == PARAMETERS[name]


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_default_layer_is_the_last_activation(name: str):
    config = ModelConfig(name=name, width=0.0625)
    layers = explainable_layers(logits_fn(make_model(config)), _shapes(config), _face())
    assert default_layer(config) == _last_explained(layers)
    # What is drawn of every block: neither norms nor dropouts, and no layer twice.
    assert len(set(layers)) == len(layers)
    assert not [layer for layer in layers if "norm" in layer or "dropout" in layer]


@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("choice", [{"input_channels": 1}, {"depth": 2}, {"squeeze_excite": "on"}])
def test_the_default_layer_stays_the_last_activation(name: str, choice: dict):
    config = ModelConfig(name=name, width=0.0625, **choice)
    if name in ("resnet18", "resnet34", "vgg", "gimefive_local") and choice == {
        "squeeze_excite": "on"
    }:
        with pytest.raises(InputError, match=f"{name} has no place for a squeeze-excite"):
            make_model(config)
        return
    if name in ("resnet18", "resnet34", "gimefive_local") and choice == {"depth": 2}:
        with pytest.raises(InputError, match=f"{name} has no depth to choose"):
            make_model(config)
        return
    model = make_model(config)
    face, variables = blank_face(model, image_size=64), variable_shapes(model, image_size=64)
    layers = explainable_layers(logits_fn(model), variables, face)
    assert default_layer(config) == _last_explained(layers)


def test_the_papers_depths_are_the_field_depth():
    # The heads differ, so the convolutions are compared.
    for name, depth in [("gimefive_baseline", 4), ("gimefive_deep", 6)]:
        row, deepened = (
            _shapes(config)["params"]
            for config in (ModelConfig(name=name), ModelConfig(name="gimefive", depth=depth))
        )
        blocks = [block for block in row if block.startswith("block")]
        assert len(blocks) == depth
        assert [row[block] for block in blocks] == [deepened[block] for block in blocks]
        assert f"block{depth + 1}" not in deepened


def test_squeeze_excite_on_makes_gimefive_its_row_and_off_unmakes_it():
    plain, row = ModelConfig(name="gimefive"), ModelConfig(name="gimefive_se")
    assert make_model(dataclasses.replace(plain, squeeze_excite="on")) == make_model(row)
    assert make_model(dataclasses.replace(row, squeeze_excite="off")) == make_model(plain)
    bare = dataclasses.replace(ModelConfig(name="gimefive_residual"), squeeze_excite="off")
    assert "squeeze_excite" not in _shapes(bare)["params"]["stem"]


def test_one_input_channel_takes_a_third_of_the_first_kernel():
    for name in PARAMETERS:
        one, three = (make_model(ModelConfig(name=name, input_channels=n)) for n in (1, 3))
        sizes = [
            count_parameters(variable_shapes(model, image_size=64)["params"])
            for model in (one, three)
        ]
        side = 7 if name.startswith("resnet") else 3
        assert sizes[1] - sizes[0] == 2 * side * side * 64


@pytest.mark.parametrize("name", ["gimefive", "gimefive_residual", "vgg"])
def test_a_depth_that_the_image_does_not_allow_is_one_line(name: str):
    with pytest.raises(InputError, match=r"cannot be halved; .* or lower model\.depth"):
        _shapes(ModelConfig(name=name, width=0.0625, depth=7))


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
