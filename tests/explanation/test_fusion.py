import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import PyTree

from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.explanation import explain_fn
from gimefive_jax.explanation.fusion import fuse
from gimefive_jax.models import logits_fn, make_model
from tests.random_variables import random_variables

MODEL = make_model(ModelConfig(width=0.0625))
FUSED = "block4/activation+block3/activation"


@pytest.fixture(scope="module")
def variables() -> PyTree:
    return random_variables(MODEL)


def test_the_largest_in_every_cell_of_the_finest_grid_is_kept():
    shallow = jnp.array([[[4.0, -1.0], [2.0, 0.0]]])
    deep = jnp.array([[[5.0]]])
    np.testing.assert_allclose(fuse([shallow, deep]), np.ones((1, 2, 2)))
    low = fuse([shallow, jnp.array([[[-5.0]]])])
    np.testing.assert_allclose(low, np.tanh([[[2.0, 0.0], [1.0, 0.0]]]), rtol=1e-6)


def test_maps_without_a_positive_cell_give_zeros():
    assert (fuse([jnp.zeros((2, 4, 4)), -jnp.ones((2, 2, 2))]) == 0).all()


def test_a_fused_layer_is_the_fusion_of_its_layers_whatever_their_order(variables: PyTree):
    x = jax.random.normal(jax.random.key(0), (2, 64, 64, 3))
    layers = ("block3/activation", "block4/activation", FUSED)
    explain = jax.jit(explain_fn(logits_fn(MODEL), methods="layercam", layers=layers))
    found = explain(variables, x).explanations
    shallow, deep, fused = (found["layercam", layer] for layer in layers)
    np.testing.assert_allclose(
        fused.heat_map, fuse([shallow.heat_map, deep.heat_map]), rtol=1e-5, atol=1e-6
    )
    assert fused.heat_map.shape == (2, 16, 16)
    assert fused.bias_effect is fused.completeness_gap is fused.is_complete is None
    assert "fused" in fused.unknown


def test_an_unknown_part_is_named(variables: PyTree):
    explain = explain_fn(logits_fn(MODEL), methods="layercam", layers="block3/activation+blok4")
    with pytest.raises(InputError, match="no layer 'blok4'"):
        explain(variables, jnp.zeros((1, 64, 64, 3)))
