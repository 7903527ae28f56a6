"""`gimefive weights check` with torch modules as a user has them. Needs torch."""

import sys
from pathlib import Path

import pytest

from gimefive_jax import cli
from gimefive_jax.interop import write_weights
from gimefive_jax.interop.comparison import load_module
from tests.interop.states import make_weights

pytest.importorskip("torch", reason="comparing with torch needs torch")

_MODULE = """
from __future__ import annotations
import dataclasses
import torch
from torch import nn
from torch.nn import functional

class Net(nn.Module):
    missing_relu = None
    def __init__(self):
        super().__init__()
        features = [3, 4, 8, 16, 32, 64]
        for i in range(1, 6):
            setattr(self, f"conv{i}", nn.Conv2d(features[i - 1], features[i], 3, padding=1))
            setattr(self, f"bn{i}", nn.BatchNorm2d(features[i]))
        self.fc1, self.fc2, self.fc3 = nn.Linear(64, 128), nn.Linear(128, 64), nn.Linear(64, 6)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        for i in range(1, 6):
            x = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x))
            x = functional.max_pool2d(x if i == self.missing_relu else x.relu(), 2)
        x = self.dropout(self.fc1(x.mean((2, 3))).relu())
        return self.fc3(self.fc2(x).relu())

class WithoutThirdRelu(Net):
    missing_relu = 3

class Renamed(Net):
    def __init__(self):
        super().__init__()
        self.head = self.fc3
        del self.fc3

class Wider(Net):
    def __init__(self):
        super().__init__()
        self.fc2 = nn.Linear(128, 65)

class Needs(Net):
    def __init__(self, width):
        super().__init__()

@dataclasses.dataclass
class Settings:
    features: tuple[int, ...] = ()

class Fails(Net):
    def forward(self, x):
        raise KeyError("no such layer")

class Leaves(Net):
    def __init__(self):
        raise SystemExit(3)

def double():
    return Net().double()

class Pair(Net):
    def forward(self, x):
        return super().forward(x), x

not_a_module = list
"""


@pytest.fixture
def module_file(tmp_path: Path) -> Path:
    path = tmp_path / "net.py"
    path.write_text(_MODULE)
    write_weights(tmp_path / "a.safetensors", make_weights("gimefive"))
    return path


def _check(module_file: Path, name: str, *more: str) -> int:
    weights = module_file.with_name("a.safetensors")
    return cli.main(["weights", "check", str(weights), "--torch", f"{module_file}:{name}", *more])


def test_the_same_model_is_equal_layer_by_layer(
    module_file: Path, capsys: pytest.CaptureFixture[str]
):
    assert _check(module_file, "Net") == 0
    lines = capsys.readouterr().out.splitlines()
    layers = [line.split()[:2] for line in lines[1:15]]
    assert layers[0] == ["block1/conv", "conv1"]
    assert layers[3] == ["block2/norm", "bn2"]
    assert layers[-2:] == [["logits", "fc3"], ["probabilities", "softmax"]]
    assert lines[-1] == "equal within 1e-05 on 8 faces"


def test_the_first_layer_behind_a_mistake_is_named(
    module_file: Path, capsys: pytest.CaptureFixture[str]
):
    assert _check(module_file, "WithoutThirdRelu") == 1
    assert "the first is block4/conv (conv4)" in capsys.readouterr().out


def test_a_norm_that_is_called_twice_is_compared_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write_weights(tmp_path / "a.safetensors", make_weights("vgg"))
    (tmp_path / "net.py").write_text(
        "from tests.equivalence.torch_models import make_reference\n"
        "def vgg():\n    return make_reference('vgg', width=0.0625, image_size=64)\n"
    )
    assert _check(tmp_path / "net.py", "vgg") == 0
    shown = capsys.readouterr().out
    assert "pair1/norm " in shown
    assert "pair1/norm#2 " in shown


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Nett", "has no 'Nett', did you mean 'Net'?"),
        ("Renamed", "2 missing (head.weight, head.bias), 2 surplus"),
        ("Wider", "fc2.weight has shape [64, 128], and must have [65, 128]"),
        ("Needs", "the class must need no arguments"),
        ("Pair", "must return logits, one row for each face"),
        ("Fails", "Fails fails on float32 faces of 64 x 64 pixels: KeyError: 'no such layer'"),
        ("Leaves", "cannot be made: SystemExit: 3"),
        ("double", "Net fails on float32 faces of 64 x 64 pixels: RuntimeError"),
        ("not_a_module", "made a list, not a torch.nn.Module"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(
    module_file: Path, name: str, message: str, capsys: pytest.CaptureFixture[str]
):
    assert _check(module_file, name) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--seed", "-1"), "seed -1 must not be negative"),
        (("--tolerance", "0"), "tolerance 0.0 must be positive and finite"),
        (("--tolerance", "inf"), "tolerance inf must be positive and finite"),
        (("--tolerance", "nan"), "tolerance nan must be positive and finite"),
    ],
)
def test_numbers_out_of_range_are_said_in_one_line(
    module_file: Path, words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
):
    assert _check(module_file, "Net", *words) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_a_users_module_leaves_no_trace_in_the_process(module_file: Path):
    before, places = set(sys.modules), list(sys.path)
    load_module(f"{module_file}:Net")
    assert set(sys.modules) == before
    assert sys.path == places
