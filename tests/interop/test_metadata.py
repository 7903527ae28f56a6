"""What travels beside the tensors of a file of ours."""

import dataclasses
import json
from pathlib import Path

import pytest
from safetensors.numpy import save_file

from gimefive_jax.emotions import EMOTIONS
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


def test_names_of_ones_own_categories_travel_along(tmp_path: Path):
    path = tmp_path / "a.safetensors"
    emotions = ("bored", "keen", "puzzled")
    weights = make_weights("gimefive", num_classes=3, emotions=emotions)
    write_weights(path, weights)
    assert read_weights(path).config.model.emotions == emotions


def test_a_file_of_an_earlier_version_has_the_names_of_its_number(tmp_path: Path):
    path = tmp_path / "a.safetensors"
    write_weights(path, make_weights("gimefive", num_classes=7))
    metadata, tensors = read_tensors(path)
    config = json.loads(metadata["config"])
    assert config["model"].pop("emotions")
    save_file(tensors, path, metadata=metadata | {"config": json.dumps(config)})
    assert read_weights(path).config.model.emotions == (*EMOTIONS, "neutral")


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
