"""The example prepares, trains, evaluates and explains categories that are not the paper's."""

import importlib
from pathlib import Path

import pytest

from tests.raw_folders import write_emotion_folders

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_categories_of_ones_own_are_learned_from_the_shipped_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    names = ("puzzled", "bored", "keen")
    write_emotion_folders(tmp_path / "pictures", names=names, per_folder=12)
    monkeypatch.syspath_prepend(EXAMPLES)
    example = importlib.import_module("own_categories")
    example.main(str(tmp_path / "pictures"), str(tmp_path / "out"), num_epochs=1)
    printed, said = capsys.readouterr()
    assert "categories bored, keen, puzzled" in printed
    assert "accuracy" in printed
    assert "is taken for" in printed
    assert "small" in printed + said
