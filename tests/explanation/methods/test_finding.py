import flax.linen as nn
import jax
import numpy as np
import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.explanation import METHOD_FACTS, METHODS, explain_fn
from gimefive_jax.explanation.methods import (
    batch_size_for,
    find_methods,
    is_at_input,
    map_keys,
    method_name,
)


@pytest.mark.parametrize("name", METHODS)
def test_what_is_said_of_a_method_is_so(name: str):
    method = METHODS[name]
    assert method_name(method) == name
    assert is_at_input(method) == METHOD_FACTS[name].at_input


def test_methods_of_the_input_have_one_map():
    found = map_keys({name: METHODS[name] for name in ("occlusion", "gradcam")}, ["a", "b"])
    assert found == [("occlusion", "input"), ("gradcam", "a"), ("gradcam", "b")]


def test_few_faces_at_a_time_where_each_is_copied():
    assert batch_size_for([METHODS["gradcam"], METHODS["scorecam"]], 256) == 16
    assert batch_size_for([METHODS["gradcam"]], 256) == 256
    assert batch_size_for([METHODS["occlusion"]], 4) == 4


def test_a_method_may_have_layers_of_its_own():
    found = find_methods(["layercam@a+b", "hirescam", "layercam@c"])
    keys = [("layercam", "a+b"), ("layercam", "c"), ("hirescam", "z")]
    assert map_keys(found, ["z"]) == keys
    # The same object again, so that nothing is compiled twice.
    assert find_methods("layercam@a")["layercam"] is find_methods("layercam@a")["layercam"]


@pytest.mark.parametrize(
    ("methods", "match"),
    [
        (["layercom@a"], "layercam"),
        (["occlusion@a"], "occlusion"),
        (["layercam@"], "METHOD@LAYER"),
        (["layercam", "layercam@a"], "layercam@LAYER"),
    ],
)
def test_a_method_that_cannot_have_the_layer_is_refused(methods: list[str], match: str):
    with pytest.raises(InputError, match=match):
        find_methods(methods)


def test_the_map_of_a_placed_method_is_that_of_the_method_at_its_layer():
    class Net(nn.Module):
        @nn.compact
        def __call__(self, x: jax.Array) -> jax.Array:
            x = nn.relu(nn.Conv(3, (3, 3), name="first")(x))
            x = nn.relu(nn.Conv(4, (3, 3), (2, 2), name="second")(x))
            return nn.Dense(2, name="logits")(x.mean((1, 2)))

    x = jax.random.normal(jax.random.key(1), (2, 8, 8, 1))
    variables = Net().init(jax.random.key(0), x)
    methods = ("gradcam@first", "hirescam")
    found = explain_fn(Net(), methods=methods, layers="second")(variables, x).explanations
    assert list(found) == [("gradcam", "first"), ("hirescam", "second")]
    alone = explain_fn(Net(), methods="gradcam", layers="first")(variables, x).explanations
    np.testing.assert_allclose(
        found["gradcam", "first"].heat_map, alone["gradcam", "first"].heat_map, rtol=1e-6
    )
