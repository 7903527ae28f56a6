"""Each rule beside jax: a function through onnxruntime gives what it gives here."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from gimefive_jax.errors import InputError
from gimefive_jax.interop.onnx.running import OnnxSession
from tests.tolerances import SAME_FORMULA

SIDE = 8
GENERATOR = np.random.default_rng(0)
KERNEL = GENERATOR.normal(size=(3, 3, 3, 4)).astype(np.float32)
MATRIX = GENERATOR.normal(size=(3, 5)).astype(np.float32)
SQUARE = GENERATOR.normal(size=(8, 8)).astype(np.float32)
TABLE = GENERATOR.normal(size=(256, 2)).astype(np.float32)


def _to_onnx(function: Callable, variables: object = (), **options: object):
    conversion = pytest.importorskip("gimefive_jax.interop.onnx.conversion")
    options = {"side": SIDE, "batch": None, "metadata": {}} | options
    return conversion.to_onnx(function, variables, **options)


def _unit(faces: jax.Array) -> jax.Array:
    return faces.astype(jnp.float32) / 255


def _conv(x: jax.Array, *, stride: int = 1, padding: int = 1) -> jax.Array:
    pads = ((padding, padding),) * 2
    numbers = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, KERNEL, (stride, stride), pads, dimension_numbers=numbers)


def _slope(function: Callable[[jax.Array], jax.Array]) -> Callable[[jax.Array], jax.Array]:
    return jax.grad(lambda x: (function(x) ** 2).sum())


def _maxima(x: jax.Array) -> jax.Array:
    one, other = (lax.slice(x, (0, i, 0, 0), x.shape, (1, 2, 1, 1)) for i in (0, 1))
    return jnp.maximum(one, other)


# Of uint8 faces.
OF_FACES: dict[str, Callable[[jax.Array], jax.Array]] = {
    "grey": lambda faces: (faces.astype(jnp.uint32).sum(-1) * 19595 + 32768) >> 16,
    "table": lambda faces: jnp.asarray(TABLE).at[faces[..., 0]].get(mode="promise_in_bounds"),
    "choice": lambda faces: jnp.where(faces > 99, _unit(faces), -1.0),
    "largest": lambda faces: jnp.argmax(faces.reshape(faces.shape[0], -1), axis=-1),
    "one of several": lambda faces: jax.nn.one_hot(faces[:, 0, 0, 0] // 64, 4),
    "mirror": lambda faces: jnp.stack([faces, faces[:, :, ::-1]], 1).reshape(-1, 64, 3)[..., 0],
    "constant": lambda faces: jnp.ones((faces.shape[0], 2)),
}
# Of pixels from 0 to 1.
OF_PIXELS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "convolution": _conv,
    "strided convolution": lambda x: _conv(x, stride=2),
    "its gradient": _slope(_conv),
    "gradient of a strided convolution": _slope(lambda x: _conv(x, stride=2)),
    "gradient without padding": _slope(lambda x: _conv(x, padding=0)),
    "gradient with wide padding": _slope(lambda x: _conv(x, padding=3)),
    "gradient of maxima": _slope(_maxima),
    "gradient of every third": _slope(lambda x: lax.slice(x, (0, 1, 0, 0), x.shape, (1, 3, 2, 1))),
    "padding inside": lambda x: lax.pad(
        x, np.float32(2), ((0, 0, 0), (1, -2, 2), (-1, 0, 1), (0, 1, 0))
    ),
    "product": lambda x: x @ MATRIX,
    "product from the other side": lambda x: jnp.einsum("bhwc,dh->bdwc", x, SQUARE),
    "product of pairs": lambda x: jnp.einsum("bhwc,bhvc->bhwv", x, x),
    "softmax": lambda x: jax.nn.softmax(x, axis=-1),
    "logarithms": lambda x: jax.nn.logsumexp(x, axis=(1, 2)),
    "gates": lambda x: jax.nn.sigmoid(x) * jnp.tanh(x) - jnp.sqrt(x),
    "normalised": lambda x: x * lax.rsqrt(x.var((1, 2), keepdims=True) + 1e-3),
    "enlarged": lambda x: jax.image.resize(x, (x.shape[0], 12, 16, 3), "nearest"),
    "for each category": lambda x: jax.vmap(lambda factor: _conv(x * factor), out_axes=1)(
        jnp.arange(3.0)
    ),
    "only broadcast": lambda x: jnp.broadcast_to(x[:, :1], x.shape),
    "barrier": lax.optimization_barrier,
    "sorted": lambda x: jnp.sort(x, axis=-1)[..., -2],
    "powers": lambda x: x**2 + (1 + x) ** -1 + x**3,
}


def _of_pixels(function: Callable[[jax.Array], jax.Array]) -> Callable[[jax.Array], jax.Array]:
    return lambda faces: function(_unit(faces))


RULES = {**OF_FACES, **{name: _of_pixels(one) for name, one in OF_PIXELS.items()}}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_gives_what_jax_gives_for_any_number_of_faces(name: str):
    function = RULES[name]
    file = _to_onnx(lambda variables, faces: {"y": function(faces)})
    session = OnnxSession(file)
    for count in (1, 5):
        faces = GENERATOR.integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)
        wanted = np.asarray(jax.jit(function)(faces))
        found = session(faces)["y"]
        assert found.shape == wanted.shape
        size = max(1.0, np.abs(wanted.astype(np.float64)).max())
        np.testing.assert_allclose(found, wanted, atol=10 * SAME_FORMULA * size)


def test_variables_and_words_are_in_the_file_and_equal_variables_once():
    large = np.arange(12_000, dtype=np.float32).reshape(3, 4000)
    file = _to_onnx(
        lambda variables, faces: {
            "y": _unit(faces) @ variables["a"] + _unit(faces) @ variables["b"]
        },
        {"a": large, "b": large.copy()},
        metadata={"notice": "for research"},
    )
    assert large.nbytes < len(file) < 1.1 * large.nbytes
    assert OnnxSession(file).metadata["notice"] == "for research"


def test_halves_take_half_the_room_and_give_the_same():
    large = np.float32(np.float16(GENERATOR.normal(size=(3, 4000))))
    files = [
        _to_onnx(lambda kernel, faces: {"y": _unit(faces) @ kernel}, large, halves=halves)
        for halves in (False, True)
    ]
    assert len(files[1]) < 0.55 * len(files[0])
    faces = GENERATOR.integers(0, 256, (2, SIDE, SIDE, 3), np.uint8)
    one, other = (OnnxSession(file)(faces)["y"] for file in files)
    np.testing.assert_array_equal(one, other)


def test_a_file_for_two_faces_takes_two():
    session = OnnxSession(_to_onnx(lambda _, faces: {"y": _unit(faces)}, batch=2))
    assert session(np.zeros((2, SIDE, SIDE, 3), np.uint8))["y"].shape == (2, SIDE, SIDE, 3)
    with pytest.raises(Exception, match=r"faces"):
        session(np.zeros((3, SIDE, SIDE, 3), np.uint8))


def test_what_no_result_depends_on_need_not_be_expressed():
    def function(_: object, faces: jax.Array) -> dict[str, jax.Array]:
        jnp.cumsum(_unit(faces))
        return {"y": _unit(faces)}

    assert list(OnnxSession(_to_onnx(function))(np.zeros((1, SIDE, SIDE, 3), np.uint8))) == ["y"]


def test_an_operation_without_a_rule_is_named():
    with pytest.raises(InputError, match=r"operation cumsum .*--explain none"):
        _to_onnx(lambda _, faces: {"y": jnp.cumsum(_unit(faces), axis=-1)})
