import jax
import jax.numpy as jnp
import pytest

from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.models import make_model
from gimefive_jax.models.blocks import max_pool


def _shapes(config: ModelConfig) -> dict:
    model, face = make_model(config), jnp.zeros((1, 64, 64, 3))
    return jax.eval_shape(lambda: model.init(jax.random.key(0), face, train=False))


def test_the_papers_model_has_its_10478086_parameters():
    params = _shapes(ModelConfig())["params"]
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == 10_478_086


def test_width_scales_every_layer():
    params = _shapes(ModelConfig(width=0.25))["params"]
    assert params["block5"]["conv"]["kernel"].shape == (3, 3, 128, 256)
    assert params["dense1"]["kernel"].shape == (256, 512)


def test_an_unknown_model_is_refused():
    with pytest.raises(InputError, match="no model 'gimefiv', did you mean 'gimefive'"):
        make_model(ModelConfig(name="gimefiv"))


def test_pooling_takes_the_largest_of_each_window():
    x = jax.random.normal(jax.random.key(0), (2, 8, 8, 3))
    wanted = x.reshape(2, 4, 2, 4, 2, 3).max((2, 4))
    assert (max_pool(x) == wanted).all()


def test_pooling_sends_the_gradient_to_the_largest():
    x = jax.random.normal(jax.random.key(0), (2, 8, 8, 3))
    found = jax.grad(lambda x: (max_pool(x) ** 2).sum())(x)
    largest = jnp.repeat(jnp.repeat(max_pool(x), 2, 1), 2, 2)
    assert (found == jnp.where(x == largest, 2 * x, 0)).all()
