"""Files that torch itself wrote. Needs torch; without it these tests skip."""

import dataclasses
import os
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path

import chex
import jax
import numpy as np
import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.interop import read_weights, torch_file, write_weights
from gimefive_jax.models import ARCHITECTURES
from tests.interop.states import make_state, make_weights

torch = pytest.importorskip("torch", reason="reading torch files needs torch")
State = dict[str, "torch.Tensor"]


def _state(name: str = "gimefive_se") -> State:
    return {key: torch.from_numpy(value) for key, value in make_state(name).items()}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_tensors_return_to_torch_bit_for_bit(name: str, tmp_path: Path):
    before = _state(name)
    torch.save(before, tmp_path / "a.pth")
    write_weights(tmp_path / "b.pth", read_weights(tmp_path / "a.pth", name=name))
    after = torch.load(tmp_path / "b.pth", weights_only=True)
    assert set(after) == set(before)
    for key, tensor in before.items():
        assert after[key].dtype == tensor.dtype
        assert torch.equal(after[key], tensor)


def test_a_state_without_counters_returns_without_them(tmp_path: Path):
    bare = {key: value for key, value in _state().items() if not key.endswith("tracked")}
    torch.save(bare, tmp_path / "a.pth")
    write_weights(tmp_path / "b.pth", read_weights(tmp_path / "a.pth"))
    assert set(torch.load(tmp_path / "b.pth", weights_only=True)) == set(bare)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"state_dict": state, "epoch": 3, "optimizer": {"lr": 0.1}},
        lambda state: {"model_state_dict": state, "accuracy": 0.7},
        lambda state: {f"module.{key}": value for key, value in state.items()},
        lambda state: {"epoch": 3, "model": {"state_dict": {"net": state}}},
        lambda state: {"model": {f"_orig_mod.module.{key}": v for key, v in state.items()}},
        *(
            lambda state, key=key: {key: state, "epoch": 3}
            for key in ("model_ema", "ema", "weights", "params", "network", "my.own")
        ),
        lambda state: {f"backbone.{key}": value for key, value in state.items()},
        lambda state: {"ema": {"module": {f"a.b.{key}": v for key, v in state.items()}}},
        lambda state: {
            **{f"module.{key}": value for key, value in state.items()},
            "n_averaged": torch.tensor(7),
        },
        lambda state: {**state, "n_averaged": torch.tensor([7])},
        lambda state: {**state, "num_updates": 7, "name": "a run"},
        lambda state: {
            "weights": state,
            "optimizer": {"state": {"exp_avg": dict(state)}},
            "rng_state": torch.zeros(8),
        },
    ],
    ids=[
        "state_dict", "model_state_dict", "module.", "nested", "model/_orig_mod.module.",
        "model_ema", "ema", "weights", "params", "network", "my.own", "backbone.",
        "ema/module/a.b.", "beside n_averaged", "beside n_averaged of one axis",
        "beside numbers", "beside an optimizer",
    ],
)  # fmt: skip
def test_wrappers_and_prefixes_are_taken_off(wrap: Callable[[State], object], tmp_path: Path):
    torch.save(wrap(_state()), tmp_path / "a.pt")
    found, wanted = read_weights(tmp_path / "a.pt"), make_weights("gimefive_se")
    chex.assert_trees_all_equal(found.variables, wanted.variables)


def test_of_plain_and_averaged_weights_a_note_says_which_were_taken(tmp_path: Path):
    averaged = {key: value + 1 for key, value in _state().items()}
    path = tmp_path / "a.pth"
    torch.save({"model_ema": averaged, "model": _state(), "epoch": 3}, path)
    found, wanted = read_weights(path), make_weights("gimefive_se")
    jax.tree.map(np.testing.assert_array_equal, found.variables, wanted.variables)
    [note] = found.notes
    assert all(fact in note for fact in ("taken: model;", "model_ema (averaged)", "--key"))

    chosen = read_weights(path, key="model_ema")
    assert chosen.notes == ()
    assert chosen.source == "torch file a.pth, model_ema"
    jax.tree.map(
        lambda a, b: np.testing.assert_array_equal(a, b + 1), chosen.variables, wanted.variables
    )


def test_a_key_with_dots_names_what_lies_deeper(tmp_path: Path):
    torch.save({"callbacks": {"ema": {"state_dict": _state()}}}, tmp_path / "a.pth")
    found = read_weights(tmp_path / "a.pth", key="callbacks.ema.state_dict")
    assert found.config.model.name == "gimefive_se"


@pytest.mark.parametrize("key", ["net_ema", "state_dict.net_ema"])
def test_a_key_tells_networks_of_one_state_dict_apart(key: str, tmp_path: Path):
    state = {f"net.{name}": value for name, value in _state().items()}
    state |= {f"net_ema.{name}": value + 1 for name, value in _state().items()}
    torch.save(state if key == "net_ema" else {"state_dict": state}, tmp_path / "a.pth")
    found, wanted = read_weights(tmp_path / "a.pth", key=key), make_weights("gimefive_se")
    jax.tree.map(
        lambda a, b: np.testing.assert_array_equal(a, b + 1), found.variables, wanted.variables
    )


@pytest.mark.parametrize(
    ("content", "key", "facts"),
    [
        (lambda state: {"student": state}, "teacher", ["teacher", "student"]),
        (
            lambda state: {"student": state, "teacher": state},
            None,
            ["student, teacher", "--key"],
        ),
        (lambda _: {"epoch": 3, "loss": 0.1}, None, ["no state dict", "epoch, loss"]),
        (lambda _: {"epoch": 3}, "model", ["'model'", "no key"]),
    ],
    ids=["unknown key", "several", "none", "none at the key"],
)
def test_what_keys_there_are_is_said(
    content: Callable[[State], object], key: str | None, facts: list[str], tmp_path: Path
):
    torch.save(content(_state()), tmp_path / "a.pth")
    with pytest.raises(InputError) as caught:
        read_weights(tmp_path / "a.pth", key=key)
    assert all(fact in str(caught.value) for fact in facts), caught.value


def test_torchscript_is_named_as_what_it_is(tmp_path: Path):
    with warnings.catch_warnings():
        # torch deprecates what people have saved for years.
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2))
        torch.jit.save(traced, tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"TorchScript.*save model\.state_dict"):
        read_weights(tmp_path / "a.pt")


def test_half_precision_is_read_and_said(tmp_path: Path):
    half = {k: v.bfloat16() if v.is_floating_point() else v for k, v in _state().items()}
    torch.save(half, tmp_path / "a.pth")
    [note] = read_weights(tmp_path / "a.pth").notes
    assert note.endswith("holds bfloat16; taken as float32")


class _RunsCode:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def _with_bias(bias: "torch.Tensor") -> State:
    return {**_state(), "conv1.bias": bias}


def _cut(path: Path) -> None:
    torch.save(_state(), path)
    path.write_bytes(path.read_bytes()[:-3000])


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: torch.save(_RunsCode(path.with_name("ran")), path), "would run code"),
        (
            lambda path: path.write_bytes(pickle.dumps(_RunsCode(path.with_name("ran")))),
            "would run code",
        ),
        (lambda path: torch.save(torch.nn.Linear(2, 2), path), r"run code.*Linear"),
        (_cut, "or was cut off"),
        (lambda path: path.write_bytes(b""), "or was cut off"),
        (lambda path: path.write_text("not a model " * 50), "or was cut off"),
        (lambda path: torch.save([1, 2], path), "holds no state dict"),
        (lambda path: torch.save({"epoch": 3}, path), "holds no state dict"),
        (lambda path: torch.save({}, path), "holds no state dict"),
        (lambda path: torch.save({"weight": torch.zeros(3)}, path), "1 surplus"),
        (
            lambda path: torch.save({**_state(), "conv1.bias": torch.full((4,), torch.nan)}, path),
            "conv1.bias holds NaN",
        ),
        (
            lambda path: torch.save(_with_bias(torch.zeros(4).to_sparse()), path),
            "sparse_coo tensor",
        ),
        (lambda path: torch.save(_with_bias(torch.zeros(4, device="meta")), path), "meta tensor"),
        (
            lambda path: torch.save(_with_bias(torch.zeros(4).to(torch.float8_e4m3fn)), path),
            "conv1.bias holds float8_e4m3fn",
        ),
        (
            lambda path: torch.save(_with_bias(torch.zeros(4, dtype=torch.complex64)), path),
            "conv1.bias holds complex64",
        ),
        (lambda path: torch.save(_with_bias(torch.zeros(4).long()), path), "conv1.bias holds int6"),
        (lambda path: None, "no file"),
    ],
    ids=[
        "code",
        "pickle",
        "module",
        "cut",
        "empty",
        "text",
        "list",
        "other",
        "nothing",
        "surplus",
        "nan",
        "sparse",
        "meta",
        "float8",
        "complex",
        "integer",
        "absent",
    ],
)
def test_what_is_wrong_is_said_in_one_line_and_nothing_runs(
    write: Callable[[Path], object], message: str, tmp_path: Path
):
    path = tmp_path / "a.pth"
    write(path)
    with pytest.raises(InputError, match=message) as caught:
        read_weights(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert not (tmp_path / "ran").exists()


def test_without_torch_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(InputError, match=r"needs torch; pip install 'gimefive-jax\[torch\]'"):
        torch_file.read_torch(tmp_path / "a.pth")


def test_only_safetensors_are_written_in_half_precision(tmp_path: Path):
    with pytest.raises(InputError, match=r"only \.safetensors"):
        write_weights(tmp_path / "a.pth", make_weights("gimefive"), precision="float16")


def test_weights_keep_their_model(tmp_path: Path):
    weights = make_weights("gimefive_deep", width=0.03)
    write_weights(tmp_path / "a.pth", weights)
    found = read_weights(tmp_path / "a.pth")
    assert dataclasses.replace(found.config.model, width=0.0) == dataclasses.replace(
        weights.config.model, width=0.0
    )


@pytest.mark.parametrize("size", [0, -64, 48])
def test_a_size_that_no_config_may_have_is_refused(size: int, tmp_path: Path):
    torch.save(_state(), tmp_path / "a.pth")
    with pytest.raises(InputError, match=f"image_size {size} must be a positive multiple of 32"):
        read_weights(tmp_path / "a.pth", image_size=size)


def test_a_size_that_the_shapes_contradict_is_refused(tmp_path: Path):
    torch.save(_state("vgg"), tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"vgg for faces of 64 pixels.*not 96"):
        read_weights(tmp_path / "a.pth", image_size=96)


def test_weights_that_are_no_numbers_are_not_written(tmp_path: Path):
    weights = make_weights("gimefive")
    broken = jax.tree.map(lambda leaf: np.full_like(leaf, np.nan), weights.variables)
    with pytest.raises(InputError, match="NaN"):
        write_weights(tmp_path / "a.pth", dataclasses.replace(weights, variables=broken))
    assert not list(tmp_path.iterdir())


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InputError, match=r"cannot write .*a\.pth"):
        write_weights(tmp_path / "file" / "a.pth", make_weights("gimefive"))
