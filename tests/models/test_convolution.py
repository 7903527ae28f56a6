"""The fast forms of a convolution are that convolution."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from gimefive_jax import parallel
from gimefive_jax.models.convolution import (
    conv,
    convolve,
    patches_product,
    tile_product,
    winograd,
)
from tests.relative import relative_difference
from tests.tolerances import DOUBLE, RELATIVE, SAME_PROGRAM

# In these shapes `convolve` takes the form on CPU: wide and many tiles, or wide and few.
_WINOGRAD = ((8, 16, 16, 64), (3, 3, 64, 96))
_PATCHES = ((8, 4, 4, 256), (3, 3, 256, 64))
_TILES = ((8, 16, 16, 3), (3, 3, 3, 32))
# The gradient of the kernel is a sum over three pieces of these batches.
_PIECES = ((6, 64, 64, 8), (3, 3, 8, 16))
_WINOGRAD_IN_PIECES = ((6, 64, 64, 64), (3, 3, 64, 64))
Arrays = tuple[jax.Array, jax.Array]


def _arrays(shapes: tuple[tuple[int, ...], tuple[int, ...]], dtype: str = "float32") -> Arrays:
    generator = np.random.default_rng(0)
    x, kernel = (generator.normal(size=shape).astype(dtype) for shape in shapes)
    return jnp.asarray(x), jnp.asarray(kernel)


def _plain(x: jax.Array, kernel: jax.Array, *, stride: int = 1) -> jax.Array:
    margin = kernel.shape[0] // 2
    return lax.conv_general_dilated(
        x,
        kernel,
        (stride, stride),
        ((margin, margin),) * 2,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )


def _chosen(x: jax.Array, kernel: jax.Array, *, stride: int = 1) -> jax.Array:
    margin = kernel.shape[0] // 2
    return convolve(
        x,
        kernel,
        (stride, stride),
        ((margin, margin),) * 2,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )


def _value_and_gradients(
    form: Callable[..., jax.Array], x: jax.Array, kernel: jax.Array
) -> tuple[jax.Array, ...]:
    value, pull_back = jax.vjp(form, x, kernel)
    # Any slopes that do not carry the value's rounding into the gradients.
    slopes = jnp.sin(jnp.arange(value.size, dtype=value.dtype)).reshape(value.shape)
    return value, *pull_back(slopes)


def _assert_same(found: Callable[..., jax.Array], wanted: Callable[..., jax.Array], *arrays):
    results = (
        jax.jit(functools.partial(_value_and_gradients, f))(*arrays) for f in (found, wanted)
    )
    for a, b in zip(*results, strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        assert relative_difference(a, b) < RELATIVE


@pytest.mark.parametrize("shape", [(2, 8, 8, 5), (3, 4, 12, 5), (1, 2, 2, 5)])
def test_winograd_and_its_gradients_are_the_convolution(shape: tuple[int, ...]):
    _assert_same(winograd, _plain, *_arrays((shape, (3, 3, 5, 7))))


@pytest.mark.parametrize("shape", [(2, 8, 8, 3), (3, 4, 12, 1), (1, 2, 2, 4)])
def test_the_product_of_tiles_and_its_gradients_are_the_convolution(shape: tuple[int, ...]):
    _assert_same(tile_product, _plain, *_arrays((shape, (3, 3, shape[-1], 7))))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [1, 3, 7])
@pytest.mark.parametrize("side", [6, 7])
def test_the_product_of_patches_and_its_gradients_are_the_convolution(
    side: int, size: int, stride: int
):
    arrays = _arrays(((2, side, side + 2, 3), (size, size, 3, 4)))
    form = functools.partial(patches_product, stride=stride)
    _assert_same(form, functools.partial(_plain, stride=stride), *arrays)


@pytest.mark.parametrize("shapes", [_WINOGRAD, _PATCHES, _TILES])
def test_on_cpu_wide_layers_and_first_layers_are_products_and_agree(shapes: tuple):
    arrays = _arrays(shapes)
    text = jax.jit(_chosen).lower(*arrays).as_text()
    assert "stablehlo.dot_general" in text
    assert "stablehlo.convolution" not in text
    _assert_same(_chosen, _plain, *arrays)


@pytest.mark.parametrize("shapes", [_WINOGRAD, _PATCHES, _TILES])
@pytest.mark.parametrize("platform", ["tpu", "cuda"])
def test_accelerators_get_xlas_own_convolution(platform: str, shapes: tuple):
    step = jax.jit(functools.partial(_value_and_gradients, _chosen))
    text = step.trace(*_arrays(shapes)).lower(lowering_platforms=(platform,)).as_text()
    assert text.count("stablehlo.convolution") == 3  # forward and both gradients
    assert "stablehlo.dot_general" not in text


@pytest.mark.parametrize("shapes", [_PIECES, _WINOGRAD_IN_PIECES])
def test_a_kernels_gradient_in_pieces_is_the_convolutions(shapes: tuple):
    text = jax.jit(jax.grad(lambda k, x: _chosen(x, k).sum())).lower(*_arrays(shapes)[::-1])
    assert text.as_text().count("stablehlo.convolution") >= 3
    _assert_same(_chosen, _plain, *_arrays(shapes))


@pytest.mark.parametrize(("size", "side"), [(1, 8), (1, 7), (3, 8), (7, 64)])
def test_strided_convolutions_and_their_gradients_are_xlas(size: int, side: int):
    arrays = _arrays(((4, side, side, 3), (size, size, 3, 5)))
    chosen, plain = (functools.partial(form, stride=2) for form in (_chosen, _plain))
    _assert_same(chosen, plain, *arrays)


def test_tangents_and_second_derivatives_are_the_convolutions():
    x, kernel = _arrays(_PIECES)
    moved = (jnp.cos(x), jnp.cos(kernel))

    def second(form: Callable[..., jax.Array]) -> tuple[jax.Array, ...]:
        def slope(x: jax.Array, kernel: jax.Array) -> Arrays:
            return jax.grad(lambda *both: (form(*both) ** 2).sum(), (0, 1))(x, kernel)

        (*_, tangent), (of_x, of_kernel) = jax.jvp(form, (x, kernel), moved), slope(x, kernel)
        _, second_tangents = jax.jvp(slope, (x, kernel), moved)
        return tangent, of_x, of_kernel, *second_tangents

    for a, b in zip(second(_chosen), second(_plain), strict=True):
        assert relative_difference(a, b) < RELATIVE


@pytest.mark.parametrize(
    ("x", "kernel", "dtype"),
    [
        ((8, 15, 16, 64), (3, 3, 64, 64), "float32"),  # an odd side has half a tile
        ((8, 16, 16, 32), (3, 3, 32, 64), "float32"),  # narrow
        ((8, 16, 16, 64), (3, 3, 64, 64), "bfloat16"),
        ((8, 16, 16, 3), (7, 7, 3, 64), "float32"),
    ],
)
def test_other_layers_stay_convolutions(x: tuple[int, ...], kernel: tuple[int, ...], dtype: str):
    text = jax.jit(_chosen).lower(*_arrays((x, kernel), dtype)).as_text()
    assert "stablehlo.convolution" in text
    assert "stablehlo.dot_general" not in text


@pytest.mark.parametrize("shapes", [_WINOGRAD, _PATCHES, _TILES])
def test_double_precision_is_kept(shapes: tuple):
    with jax.enable_x64(True):
        arrays = _arrays(shapes, "float64")
        found, wanted = _chosen(*arrays), _plain(*arrays)
        assert found.dtype == jnp.float64
        assert relative_difference(found, wanted) < DOUBLE


def test_the_layer_has_the_parameters_of_flax():
    layer = conv(4, name="conv")
    variables = layer.init(jax.random.key(0), jnp.zeros((1, 8, 8, 3)))
    assert jax.tree.map(jnp.shape, variables["params"]) == {"kernel": (3, 3, 3, 4), "bias": (4,)}
    bare = conv(4, size=7, stride=2, use_bias=False, name="conv")
    found, variables = bare.init_with_output(jax.random.key(0), jnp.zeros((1, 8, 8, 3)))
    assert found.shape == (1, 4, 4, 4)
    assert list(variables["params"]) == ["kernel"]


@pytest.mark.parametrize("shapes", [_WINOGRAD, _PATCHES, _TILES, ((16, 64, 64, 3), (3, 3, 3, 8))])
def test_rows_divided_over_eight_devices_give_the_same(shapes: tuple):
    x, kernel = _arrays(shapes)
    mesh = parallel.make_mesh()
    step = jax.jit(functools.partial(_value_and_gradients, _chosen))
    divided = step(parallel.put_rows(x, mesh), parallel.put_replicated(kernel, mesh))
    assert divided[0].sharding.num_devices == mesh.size
    bounds = (SAME_PROGRAM, SAME_PROGRAM, RELATIVE)  # a kernel's gradient sums the devices' sums
    for a, b, bound in zip(divided, step(x, kernel), bounds, strict=True):
        assert relative_difference(np.asarray(a), np.asarray(b)) < bound


def test_a_row_does_not_depend_on_its_neighbours():
    x, kernel = _arrays(_WINOGRAD)
    alone = jax.jit(_chosen)(x[:2], kernel)
    assert relative_difference(alone, jax.jit(_chosen)(x, kernel)[:2]) < SAME_PROGRAM
