import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gimefive_jax.faces.blocks import (
    BlazeBlock,
    grouped_convolution,
    pairs_product,
    shifted_products,
    stem_conv,
)
from tests.tolerances import RELATIVE


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(6, 6), (7, 5), (3, 8)])
def test_shifted_products_are_the_grouped_convolution(size: tuple[int, int], stride: int):
    generator = np.random.default_rng(0)
    x = jnp.asarray(generator.normal(size=(2, *size, 4)), jnp.float32)
    kernel = jnp.asarray(generator.normal(size=(3, 3, 1, 4)), jnp.float32)
    ours = shifted_products(x, kernel, stride=stride)
    np.testing.assert_allclose(ours, grouped_convolution(x, kernel, stride=stride), atol=RELATIVE)


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("shape", [(2, 8, 12, 3), (1, 6, 4, 1), (1, 16, 16, 5)])
def test_products_of_pairs_are_the_convolution(shape: tuple[int, ...], size: int):
    generator = np.random.default_rng(0)
    x = jnp.asarray(generator.normal(size=shape), jnp.float32)
    kernel = jnp.asarray(generator.normal(size=(size, size, shape[-1], 6)), jnp.float32)
    ours, layout = pairs_product(x, kernel), ("NHWC", "HWIO", "NHWC")
    xla = jax.lax.conv_general_dilated(x, kernel, (2, 2), "SAME", dimension_numbers=layout)
    np.testing.assert_allclose(ours, xla, atol=RELATIVE)


def test_an_accelerator_convolves_the_image_itself():
    x, layer = jnp.zeros((1, 8, 8, 3)), stem_conv(4, 5, name="stem")
    variables = layer.init(jax.random.key(0), x)
    traced = jax.jit(layer.apply).trace(variables, x)
    names = ("cpu", "tpu", "cuda")
    lowered = {name: traced.lower(lowering_platforms=(name,)).as_text() for name in names}
    assert [name for name in names if "convolution" in lowered[name]] == ["tpu", "cuda"]


def test_an_accelerator_gets_its_own_convolution():
    x = jnp.zeros((1, 8, 8, 4))
    block = BlazeBlock(4)
    variables = block.init(jax.random.key(0), x)
    traced = jax.jit(block.apply).trace(variables, x)
    lowered = {name: traced.lower(lowering_platforms=(name,)).as_text() for name in ("cpu", "tpu")}
    assert "feature_group_count = 4" in lowered["tpu"]
    assert "feature_group_count = 4" not in lowered["cpu"]


def test_a_block_without_weights_is_its_shortcut_with_zeros_for_the_missing_channels():
    x = jnp.asarray(np.random.default_rng(0).random((1, 4, 4, 3), np.float32))
    block = BlazeBlock(5, stride=2)
    variables = jax.tree.map(jnp.zeros_like, block.init(jax.random.key(0), x))
    found = np.asarray(block.apply(variables, x))
    np.testing.assert_array_equal(found[..., :3], x.reshape(1, 2, 2, 2, 2, 3).max((2, 4)))
    assert not found[..., 3:].any()
