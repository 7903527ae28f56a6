import pytest

from gimefive_jax.explanation import METHOD_FACTS, METHODS
from gimefive_jax.explanation.methods import batch_size_for, is_at_input, map_keys, method_name


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
