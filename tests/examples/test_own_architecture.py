"""The example trains, explains, saves and loads a module that is not ours."""

import importlib
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_a_module_of_ones_own_is_trained_explained_saved_and_loaded(
    data_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    monkeypatch.syspath_prepend(EXAMPLES)
    example = importlib.import_module("own_architecture")
    example.main(str(data_directory), str(tmp_path / "run"))
    printed = capsys.readouterr().out
    assert "finished" in printed
    assert "hirescam at conv2: maps of (4, 4, 4)" in printed
    assert "predicts the same: True" in printed
