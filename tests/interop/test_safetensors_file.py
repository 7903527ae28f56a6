import dataclasses
import errno
import json
from collections.abc import Callable
from pathlib import Path

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save

from gimefive_jax.config import replace
from gimefive_jax.errors import InputError
from gimefive_jax.interop import read_weights, write_weights
from gimefive_jax.interop.safetensors_file import _digest, read_tensors
from gimefive_jax.models import ARCHITECTURES
from tests.interop.states import make_state, make_weights


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_everything_returns_bit_for_bit(name: str, tmp_path: Path):
    weights = make_weights(name)
    write_weights(tmp_path / "a.safetensors", weights)
    found = read_weights(tmp_path / "a.safetensors")
    assert jax.tree.structure(found.variables) == jax.tree.structure(weights.variables)
    chex.assert_trees_all_equal(found.variables, weights.variables)
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
    chex.assert_trees_all_equal(found.variables, wanted.variables)
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


def test_prefixes_are_taken_off(tmp_path: Path):
    path = tmp_path / "a.safetensors"
    state = make_state("gimefive_se", num_classes=7)
    path.write_bytes(save({f"module.{key}": value for key, value in state.items()}))
    found, wanted = read_weights(path), make_weights("gimefive_se", num_classes=7)
    chex.assert_trees_all_equal(found.variables, wanted.variables)
    assert found.config.data.variant == "seven"


_COUNTER = "bn1.num_batches_tracked"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"conv1.bias": np.full(4, 1e300)}, "conv1.bias holds values beyond the range of float32"),
        ({"conv1.bias": np.full(4, np.nan, np.float32)}, "conv1.bias holds NaN"),
        ({"bn2.running_var": np.full(8, -1, np.float32)}, "bn2.running_var holds negative values"),
        ({"conv1.bias": np.zeros(4, np.complex64)}, "conv1.bias holds complex64"),
        ({"conv1.bias": np.zeros(4, np.bool_)}, "conv1.bias holds bool"),
        ({"conv1.bias": np.zeros(4, np.int32)}, "conv1.bias holds int32"),
        ({_COUNTER: np.ones(1, np.int64)}, r"bn1.num_batches_tracked is int64 of shape \[1\]"),
        ({_COUNTER: np.ones(0, np.int64)}, r"bn1.num_batches_tracked is int64 of shape \[0\]"),
        ({_COUNTER: np.array(np.nan)}, "bn1.num_batches_tracked is float64"),
        ({_COUNTER: np.array(3.0, np.float32)}, "bn1.num_batches_tracked is float32"),
        ({_COUNTER: np.array(-3)}, "not negative"),
        (
            {"bn11.num_batches_tracked": np.array(3)},
            "1 surplus .bn11.num_batches_tracked., did you mean 'bn1.num_batches_tracked'",
        ),
    ],
)
def test_tensors_that_are_no_weights_are_named(
    change: dict[str, np.ndarray], message: str, tmp_path: Path
):
    path = tmp_path / "a.safetensors"
    path.write_bytes(save({**make_state("gimefive"), **change}))
    with pytest.raises(InputError, match=message) as caught:
        read_weights(path)
    assert "\n" not in str(caught.value)


def test_a_type_that_numpy_has_not_is_said(tmp_path: Path):
    path = tmp_path / "a.safetensors"
    header = json.dumps({"a": {"dtype": "F8_E4M3", "shape": [4], "data_offsets": [0, 4]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(InputError, match="numbers of a type that is not read"):
        read_weights(path)


@pytest.mark.parametrize("state", [{}, {_COUNTER: np.array(3)}], ids=["nothing", "counters"])
def test_a_file_without_weights_is_refused(state: dict[str, np.ndarray], tmp_path: Path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(save(state))
    with pytest.raises(InputError, match="holds no weights"):
        read_weights(path)


def test_a_kernel_beyond_half_precision_cannot_be_halved(tmp_path: Path):
    weights = make_weights("gimefive")
    kernel = weights.variables["params"]["block2"]["conv"]["kernel"]
    weights.variables["params"]["block2"]["conv"]["kernel"] = np.full_like(kernel, 7e4)
    with pytest.raises(InputError, match="params/block2/conv/kernel cannot be halved"):
        write_weights(tmp_path / "a.safetensors", weights, precision="float16")
    write_weights(tmp_path / "a.safetensors", weights)


def test_the_size_that_a_file_of_ours_says_is_not_overruled(tmp_path: Path):
    write_weights(tmp_path / "a.safetensors", make_weights("gimefive"))
    assert read_weights(tmp_path / "a.safetensors", image_size=64).config.data.image_size == 64
    with pytest.raises(InputError, match="for faces of 64 pixels, as it says itself, not 96"):
        read_weights(tmp_path / "a.safetensors", image_size=96)


def test_a_full_disk_is_said_with_the_files_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_: Path, __: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match=r"cannot write .*a\.safetensors: No space left"):
        write_weights(tmp_path / "a.safetensors", make_weights("gimefive"))
    assert not list(tmp_path.iterdir())


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


def _say_other_version(metadata: dict, _: dict) -> None:
    metadata["format_version"] = "2"


def _say_no_preprocessing(metadata: dict, _: dict) -> None:
    metadata["preprocessing"] = "null"


def _say_a_list(metadata: dict, _: dict) -> None:
    metadata["preprocessing"] = "[1]"


def _count_another_norm(metadata: dict, tensors: dict) -> None:
    tensors["num_batches_tracked/block9/norm"] = np.array(3)
    metadata["sha256"] = _digest(tensors)


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
        (lambda path: _edit(path, _say_other_version), "has format_version '2'"),
        (lambda path: _edit(path, _say_no_preprocessing), "unreadable metadata .preproc"),
        (lambda path: _edit(path, _say_a_list), "unreadable metadata .preprocessing"),
        (lambda path: _edit(path, _count_another_norm), "surplus .num_batches_tracked/block9"),
        (lambda path: path.unlink(), "no file"),
    ],
    ids=[
        "cut",
        "empty",
        "text",
        "flipped",
        "emotions",
        "mean",
        "width",
        "metadata",
        "version",
        "null",
        "list",
        "counter",
        "absent",
    ],
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
