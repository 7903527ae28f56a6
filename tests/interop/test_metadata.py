"""What travels beside the tensors of a file of ours."""

import dataclasses
from pathlib import Path

import pytest
from safetensors.numpy import save_file

from gimefive_jax.errors import InputError
from gimefive_jax.interop import read_weights, write_weights
from gimefive_jax.interop.safetensors_file import read_tensors
from tests.interop.states import make_weights


def test_the_same_weights_are_the_same_bytes(tmp_path: Path):
    # The library keeps metadata in a hash map: without our order, ten files would not be alike.
    weights = dataclasses.replace(make_weights("gimefive"), temperature=0.7, notice="a notice")
    contents = set()
    for i in range(10):
        write_weights(tmp_path / f"{i}.safetensors", weights, precision="float16")
        contents.add((tmp_path / f"{i}.safetensors").read_bytes())
    assert len(contents) == 1


def test_a_temperature_and_a_notice_travel_along(tmp_path: Path):
    path = tmp_path / "a.safetensors"
    weights = dataclasses.replace(make_weights("gimefive"), temperature=0.7, notice="a notice")
    write_weights(path, weights)
    found = read_weights(path)
    assert (found.temperature, found.notice) == (0.7, "a notice")
    write_weights(path, dataclasses.replace(weights, temperature=1.0, notice=""))
    found = read_weights(path)
    assert (found.temperature, found.notice) == (1.0, "")
    assert not {"temperature", "notice"} & set(read_tensors(path)[0])


@pytest.mark.parametrize("word", ["0", "-1", "nan", "inf", "warm"])
def test_a_temperature_that_is_none_is_refused(word: str, tmp_path: Path):
    path = tmp_path / "a.safetensors"
    write_weights(path, make_weights("gimefive"))
    metadata, tensors = read_tensors(path)
    save_file(tensors, path, metadata=metadata | {"temperature": word})
    with pytest.raises(InputError, match="must be a positive number"):
        read_weights(path)
