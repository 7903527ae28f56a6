import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save

from gimefive_jax.config import replace
from gimefive_jax.errors import InputError
from gimefive_jax.interop import read_weights, write_weights
from gimefive_jax.interop.safetensors_file import read_tensors
from gimefive_jax.models import ARCHITECTURES
from tests.interop.states import make_state, make_weights


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_everything_returns_bit_for_bit(name: str, tmp_path: Path):
    weights = make_weights(name)
    write_weights(tmp_path / "a.safetensors", weights)
    found = read_weights(tmp_path / "a.safetensors")
    assert jax.tree.structure(found.variables) == jax.tree.structure(weights.variables)
    jax.tree.map(np.testing.assert_array_equal, found.variables, weights.variables)
    assert found.config == weights.config
    assert found.num_batches_tracked == weights.num_batches_tracked
    assert found.source == "a formula"


def test_metadata_says_how_to_use_the_tensors(tmp_path: Path):
    weights = make_weights("gimefive")
    config = replace(weights.config, {"data.directory": "/home/someone/data"})
    write_weights(tmp_path / "a.safetensors", dataclasses.replace(weights, config=config))
    with safe_open(tmp_path / "a.safetensors", framework="numpy") as file:
        metadata = file.metadata()
    assert json.loads(metadata["emotions"])[:2] == ["happiness", "surprise"]
    assert json.loads(metadata["preprocessing"])["mean"] == [0.485, 0.456, 0.406]
    assert json.loads(metadata["config"])["model"]["width"] == 0.0625
    assert len(metadata["sha256"]) == 64
    assert "someone" not in json.dumps(metadata)


def test_half_precision_rounds_kernels_and_nothing_else(tmp_path: Path):
    weights = make_weights("gimefive", width=0.125)
    for precision in ("float32", "float16"):
        write_weights(tmp_path / f"{precision}.safetensors", weights, precision=precision)
    found = read_weights(tmp_path / "float16.safetensors")

    def check(path: tuple, half: jax.Array, whole: jax.Array) -> None:
        assert half.dtype == np.float32
        wanted = np.asarray(whole)
        if path[-1].key == "kernel":
            wanted = wanted.astype(np.float16).astype(np.float32)
        np.testing.assert_array_equal(half, wanted)

    jax.tree_util.tree_map_with_path(check, found.variables, weights.variables)
    sizes = [(tmp_path / f"{p}.safetensors").stat().st_size for p in ("float16", "float32")]
    assert sizes[0] < 0.6 * sizes[1]


def test_a_torch_state_dict_in_the_same_format_is_read(tmp_path: Path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(save(make_state("gimefive_se")))
    found, wanted = read_weights(path), make_weights("gimefive_se")
    jax.tree.map(np.testing.assert_array_equal, found.variables, wanted.variables)
    assert found.num_batches_tracked == wanted.num_batches_tracked


def test_bfloat16_is_read_and_said(tmp_path: Path):
    path = tmp_path / "a.safetensors"
    state = make_state("gimefive_se")
    half = {
        key: value.astype(jnp.bfloat16) if value.dtype == np.float32 else value
        for key, value in state.items()
    }
    path.write_bytes(save(half))
    found = read_weights(path)
    assert found.notes == (f"{path} holds bfloat16; taken as float32",)
    assert {leaf.dtype for leaf in jax.tree.leaves(found.variables)} == {np.dtype(np.float32)}


def _edit(path: Path, change: Callable[[dict, dict], None]) -> None:
    metadata, tensors = read_tensors(path)
    change(metadata, tensors)
    path.write_bytes(save(tensors, metadata=metadata))


def _flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    path.write_bytes(content)


def _say_other_emotions(metadata: dict, _: dict) -> None:
    metadata["emotions"] = json.dumps(["anger", "disgust", "fear", "happiness"])


def _say_other_mean(metadata: dict, _: dict) -> None:
    values = {**json.loads(metadata["preprocessing"]), "mean": [0.5, 0.5, 0.5]}
    metadata["preprocessing"] = json.dumps(values)


def _say_other_width(metadata: dict, _: dict) -> None:
    values = json.loads(metadata["config"])
    values["model"]["width"] = 0.125
    metadata["config"] = json.dumps(values)


def _drop_config(metadata: dict, _: dict) -> None:
    del metadata["config"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), "or was cut off"),
        (lambda path: path.write_bytes(b""), "or was cut off"),
        (lambda path: path.write_text("no tensors at all"), "or was cut off"),
        (_flip_a_byte, "sha256 does not match"),
        (lambda path: _edit(path, _say_other_emotions), "has the categories"),
        (lambda path: _edit(path, _say_other_mean), r"faces with mean \[0.5"),
        (lambda path: _edit(path, _say_other_width), "no gimefive of width 0.125: .* has shape"),
        (lambda path: _edit(path, _drop_config), "unreadable metadata"),
        (lambda path: path.unlink(), "no file"),
    ],
    ids=["cut", "empty", "text", "flipped", "emotions", "mean", "width", "metadata", "absent"],
)
def test_what_is_wrong_is_said_in_one_line(
    damage: Callable[[Path], object], message: str, tmp_path: Path
):
    path = tmp_path / "a.safetensors"
    write_weights(path, make_weights("gimefive"))
    damage(path)
    with pytest.raises(InputError, match=message) as caught:
        read_weights(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_weights_that_are_no_numbers_are_not_written(tmp_path: Path):
    weights = make_weights("gimefive")
    broken = jax.tree.map(lambda leaf: np.full_like(leaf, np.nan), weights.variables)
    with pytest.raises(InputError, match="NaN"):
        write_weights(tmp_path / "a.safetensors", dataclasses.replace(weights, variables=broken))
    assert not list(tmp_path.iterdir())


def test_a_name_that_contradicts_the_file_is_refused(tmp_path: Path):
    write_weights(tmp_path / "a.safetensors", make_weights("gimefive"))
    with pytest.raises(InputError, match="holds a gimefive, as it says itself, not a vgg"):
        read_weights(tmp_path / "a.safetensors", name="vgg")
