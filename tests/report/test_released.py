"""The numbers of released weights: written and read back, and those of the shipped file."""

import dataclasses
import json
from pathlib import Path

import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.interop.shipped import shipped_card, shipped_names, shipped_numbers
from gimefive_jax.report.model_card import render_card
from gimefive_jax.report.released import read_released


@pytest.mark.parametrize("name", shipped_names())
def test_the_shipped_numbers_are_read_and_written_to_the_same_bytes(name: str, tmp_path: Path):
    found = read_released(shipped_numbers(name))
    found.write(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == shipped_numbers(name).read_bytes()
    evaluation = found.splits["test"]["flip"]
    assert (evaluation.data, evaluation.split, evaluation.flip) == (found.data, "test", True)
    assert evaluation.readout.scaling == found.calibrations["flip"].scaling


@pytest.mark.parametrize("name", shipped_names())
def test_the_card_that_is_rendered_shows_what_the_shipped_one_shows(name: str):
    found = read_released(shipped_numbers(name))
    card = shipped_card(name).read_text(encoding="utf-8")
    tables = [line for line in card.splitlines() if line.startswith("|")]
    assert [
        line for line in render_card(found, pictures={}).splitlines() if line[:1] == "|"
    ] == tables


def test_what_a_run_folder_does_not_say_is_not_in_the_file(tmp_path: Path):
    found = read_released(shipped_numbers("small"))
    training = dataclasses.replace(found.training, environment=None, ended=None)
    dataclasses.replace(found, training=training).write(tmp_path / "a.json")
    assert (
        not {"environment", "ended"}
        & json.loads((tmp_path / "a.json").read_text())["training"].keys()
    )
    assert read_released(tmp_path / "a.json").training == training


@pytest.mark.parametrize("name", ["notice", "splits", "training"])
def test_a_file_without_a_field_is_named_with_it(name: str, tmp_path: Path):
    values = json.loads(shipped_numbers("small").read_text())
    del values[name]
    (tmp_path / "a.json").write_text(json.dumps(values))
    with pytest.raises(InputError, match=rf"a\.json.*{name} is missing"):
        read_released(tmp_path / "a.json")
