"""A run becomes a file to hand on: what the card says was measured on that file."""

import json
from pathlib import Path

import pytest

import gimefive_jax
from gimefive_jax.cli import main
from gimefive_jax.data import open_split

WORDS = ["--name", "drawn", "--notice", "drawn, use as you like"]


@pytest.fixture(scope="module")
def released(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("released")
    assert main(["weights", "ship", str(tiny_run), str(out), *WORDS]) == 0
    return out


def test_a_release_is_weights_card_numbers_and_pictures(released: Path):
    names = sorted(path.name for path in released.iterdir())
    pictures = [f"drawn-{kind}.png" for kind in ("confusion", "curves", "reliability")]
    assert names == [*pictures, "drawn.json", "drawn.md", "drawn.safetensors"]


def test_the_numbers_are_of_the_file(released: Path, data_directory: Path):
    results = json.loads((released / "drawn.json").read_text())
    classifier = gimefive_jax.load(released / "drawn.safetensors")
    assert classifier.notice == "drawn, use as you like"
    assert (
        list(classifier.scaling.parameters)
        == (results["calibrations"]["plain"]["scaling"]["parameters"])
    )
    data = gimefive_jax.load(released / "drawn.safetensors").config.data
    assert data.directory == ""
    from dataclasses import replace

    data = replace(data, directory=str(data_directory))
    for view, flip in (("plain", False), ("flip", True)):
        found = classifier.with_flip(flip).evaluate("test", data=data)
        wanted = results["splits"]["test"][view]
        assert found.accuracy == wanted["accuracy"]
        assert found.loss == pytest.approx(wanted["loss"], rel=1e-6)
    assert results["fitted_on"]["data_sha256"] == open_split(data, "validation").digest
    training = results["training"]
    assert training["kept_step"] == int(classifier_step(released))
    assert training["command"].startswith("gimefive train --config ")


def classifier_step(released: Path) -> str:
    from gimefive_jax.interop import read_weights

    return read_weights(released / "drawn.safetensors").source.rpartition(" ")[2]


def test_the_card_shows_them(released: Path):
    results = json.loads((released / "drawn.json").read_text())
    card = (released / "drawn.md").read_text()
    assert card.startswith("# Model card: drawn\n\n**Drawn, use as you like.**")
    for words in (results["file_sha256"], results["training"]["command"], "![Confusion matrix"):
        assert words in card
    # What is said of FER2013 is said of nothing else.
    assert "FER2013" not in card
    assert "None" not in card.replace('"None"', "")
    assert "\n\n\n" not in card


def test_the_same_run_gives_the_same_bytes(released: Path, tiny_run: Path, tmp_path: Path):
    assert main(["weights", "ship", str(tiny_run), str(tmp_path), *WORDS]) == 0
    for path in released.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("name", ["", "a/b", "small.safetensors", ".a"])
def test_a_name_that_is_no_word_is_refused(
    name: str, tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["weights", "ship", str(tiny_run), str(tmp_path), "--name", name]) == 2
    assert "must be a plain word" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
