from pathlib import Path

import pytest

from gimefive_jax import models
from gimefive_jax.config import ModelConfig
from gimefive_jax.models import ARCHITECTURES, find_architecture, make_model
from gimefive_jax.models.architecture import Variant, register
from gimefive_jax.models.gimefive import GiMeFive


def test_a_name_is_registered_once():
    with pytest.raises(ValueError, match="gimefive"):
        register(
            {"gimefive": Variant(GiMeFive(), {})},
            configure=lambda row, _: row,
            fields=frozenset(),
        )


def test_every_file_that_registers_is_found():
    files = Path(models.__file__).parent.glob("*.py")
    registering = [path.stem for path in files if "\nregister(" in path.read_text("utf-8")]
    modules = {type(row.model).__module__.rpartition(".")[-1] for row in ARCHITECTURES.values()}
    assert sorted(registering) == sorted(modules)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_fields_of_an_architecture_are_those_that_change_its_module(name: str):
    other = {
        "width": 0.5, "depth": 2, "input_channels": 1, "dropout_rate": 0.3,
        "head_dropout_rate": 0.3,
    }  # fmt: skip
    architecture = find_architecture(name)
    for field in architecture.fields - {"squeeze_excite", "dropout_rate"}:
        assert make_model(ModelConfig(name=name, **{field: other[field]})) != architecture.model
    for field in set(other) - architecture.fields - {"depth"}:
        assert make_model(ModelConfig(name=name, **{field: other[field]})) == architecture.model
