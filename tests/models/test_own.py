"""`package.module:Class` as the name of an architecture."""

import dataclasses
import sys
from pathlib import Path

import pytest

from gimefive_jax import interop
from gimefive_jax.config import ExperimentConfig, ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.explanation.defaults import layer_by_default
from gimefive_jax.interop import Weights
from gimefive_jax.models import default_layer, find_architecture, input_channels, make_model
from gimefive_jax.models.cost import variable_shapes
from gimefive_jax.models.own import TRUSTED, check_output
from tests.random_variables import seeded_variables

CODE = """
import flax.linen as nn


class Net(nn.Module):
    num_classes: int
    width: float = 2.0
    default_layer = "last"

    @nn.compact
    def __call__(self, x, *, train):
        x = nn.Conv(4, (3, 3), name="first")(x)
        x = nn.relu(nn.Conv(int(8 * self.width), (3, 3), name="last")(x))
        return nn.Dense(self.num_classes, name="logits")(x.mean((1, 2)))


class Bare(Net):
    default_layer = ""


class NoClasses(nn.Module):
    def __call__(self, x, *, train):
        return x


class NoTrain(nn.Module):
    num_classes: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.num_classes)(x.mean((1, 2)))


class Grid(nn.Module):
    num_classes: int

    @nn.compact
    def __call__(self, x, *, train):
        return nn.Dense(self.num_classes)(x)


class Cache(nn.Module):
    num_classes: int

    @nn.compact
    def __call__(self, x, *, train):
        self.variable("cache", "x", lambda: 0.0)
        return nn.Dense(self.num_classes)(x.mean((1, 2)))


class Needs(nn.Module):
    num_classes: int
    more: int


def function():
    pass
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which holds `own_net.py`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_net.py").write_text(CODE)
    (tmp_path / "own_broken.py").write_text("import a_package_that_there_is_not\n")
    monkeypatch.delitem(sys.modules, "own_net", raising=False)
    return tmp_path


def _weights(name: str = "own_net:Net") -> Weights:
    config = ExperimentConfig(model=ModelConfig(name=name))
    variables = seeded_variables(make_model(config.model), size=64)
    return Weights(config, {"batch_stats": {}, **variables}, {}, "a formula")


def test_a_class_in_the_current_folder_is_made_with_the_configs_values():
    model = make_model(ModelConfig(name="own_net:Net", width=0.5, num_classes=7))
    assert (model.num_classes, model.width, input_channels(model)) == (7, 0.5, 3)
    shapes = variable_shapes(model, image_size=32)
    assert shapes["params"]["last"]["kernel"].shape == (3, 3, 4, 4)
    assert shapes["batch_stats"] == {}
    assert find_architecture("own_net:Net").torch_names is None


def test_the_search_path_is_left_as_it_was():
    before = list(sys.path)
    make_model(ModelConfig(name="own_net:Net"))
    assert sys.path == before


def test_a_layer_is_explained_by_attribute_or_is_the_last_with_a_grid():
    assert default_layer(ModelConfig(name="own_net:Net")) == "last"
    config = ExperimentConfig(model=ModelConfig(name="own_net:Bare"))
    assert layer_by_default(config, ["first", "last"]) == "last"
    with pytest.raises(InputError, match="own_net:Bare has no layer with a grid"):
        layer_by_default(config, [])


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("own_missing:Net", ["own_missing", "cannot be imported", "PYTHONPATH"]),
        ("own_broken:Net", ["own_broken", "a_package_that_there_is_not"]),
        ("own_net:Nett", ["own_net", "Nett", "did you mean 'Net'"]),
        ("own_net:function", ["own_net:function", "flax.linen.Module"]),
        ("own_net:NoClasses", ["own_net:NoClasses", "num_classes"]),
        ("own_net:Needs", ["own_net:Needs", "more", "default"]),
        ("own net:Net", ["own net:Net", "package.module:Class"]),
        (":Net", ["package.module:Class"]),
    ],
)
def test_what_cannot_be_trained_is_one_line(name: str, facts: list[str]):
    with pytest.raises(InputError) as caught:
        make_model(ModelConfig(name=name))
    assert all(fact in str(caught.value) for fact in facts), caught.value


@pytest.mark.parametrize("field", ["depth", "input_channels", "squeeze_excite", "dropout_rate"])
def test_a_field_that_the_class_lacks_is_refused_by_name(field: str):
    other = {"depth": 3, "input_channels": 1, "squeeze_excite": "off", "dropout_rate": 0.3}
    config = dataclasses.replace(ModelConfig(name="own_net:Net"), **{field: other[field]})
    with pytest.raises(InputError, match=f"model.{field} .*own_net:Net has no field {field}"):
        make_model(config)


@pytest.mark.parametrize(
    ("name", "fact"),
    [("NoTrain", "train"), ("Grid", r"\(1, 6\)"), ("Cache", "variables in cache")],
)
def test_a_call_that_gives_no_logits_is_one_line(name: str, fact: str):
    model = make_model(ModelConfig(name=f"own_net:{name}"))
    with pytest.raises(InputError, match=f"own_net:{name} .*{fact}"):
        check_output(model, name=f"own_net:{name}", num_classes=6, image_size=32)


def test_a_file_that_names_code_imports_nothing_unless_that_is_trusted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    file = folder / "net.safetensors"
    interop.write_weights(file, _weights())
    monkeypatch.delitem(sys.modules, "own_net")
    with pytest.raises(InputError, match=f"own_net:Net.*{TRUSTED}=own_net"):
        interop.read_weights(file)
    assert "own_net" not in sys.modules

    assert interop.read_weights(file, name="own_net:Net").config.model.name == "own_net:Net"
    # Imported by now.
    assert interop.read_weights(file).variables["params"]["last"]["bias"].shape == (8,)
    monkeypatch.delitem(sys.modules, "own_net")
    monkeypatch.setenv(TRUSTED, "other, own_net")
    assert interop.read_weights(file).config.model.name == "own_net:Net"


def test_torch_files_are_refused_by_name(folder: Path):
    with pytest.raises(InputError, match=r"own_net:Net has no names for PyTorch.*safetensors"):
        interop.write_weights(folder / "net.pth", _weights())
