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
from gimefive_jax.scaling import PLAIN_SCALING, Scaling, at_temperature
from tests.interop.states import make_weights

SCALING = Scaling("power", (0.45, 1.8))


def test_the_same_weights_are_the_same_bytes(tmp_path: Path):
    # The library keeps metadata in a hash map: without our order, ten files would not be alike.
    weights = dataclasses.replace(make_weights("gimefive"), scaling=SCALING, notice="a notice")
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


def test_a_calibration_and_a_notice_travel_along(tmp_path: Path):
    path = tmp_path / "a.safetensors"
    weights = dataclasses.replace(make_weights("gimefive"), scaling=SCALING, notice="a notice")
    write_weights(path, weights)
    found = read_weights(path)
    assert (found.scaling, found.notice) == (SCALING, "a notice")
    write_weights(path, dataclasses.replace(weights, scaling=PLAIN_SCALING, notice=""))
    found = read_weights(path)
    assert (found.scaling, found.notice) == (PLAIN_SCALING, "")
    assert not {"calibration", "notice"} & set(read_tensors(path)[0])


@pytest.mark.parametrize(
    ("name", "word"),
    [
        *(("temperature", word) for word in ("0", "-1", "nan", "inf", "warm")),
        ("calibration", "{"),
        ("calibration", "3"),
        ("calibration", '{"kind": "power", "parameters": [1.0]}'),
        ("calibration", '{"kind": "magic", "parameters": [1.0]}'),
        ("calibration", '{"kind": "cubic", "parameters": [1.0, NaN, 0.0]}'),
    ],
)
def test_a_calibration_that_is_none_is_refused(name: str, word: str, tmp_path: Path):
    path = tmp_path / "a.safetensors"
    write_weights(path, make_weights("gimefive"))
    metadata, tensors = read_tensors(path)
    save_file(tensors, path, metadata=metadata | {name: word})
    with pytest.raises(InputError, match=r"a\.safetensors has an unreadable calibration"):
        read_weights(path)


def test_a_temperature_of_an_earlier_version_is_read(tmp_path: Path):
    path = tmp_path / "a.safetensors"
    write_weights(path, make_weights("gimefive"))
    metadata, tensors = read_tensors(path)
    save_file(tensors, path, metadata=metadata | {"temperature": "0.81355"})
    assert read_weights(path).scaling == at_temperature(0.81355)
