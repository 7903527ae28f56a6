"""Weights that come with the package: found by name, and what their card says of them."""

import hashlib
import shutil
from pathlib import Path

import pytest

import gimefive_jax
from gimefive_jax import cli
from gimefive_jax.errors import InputError
from gimefive_jax.interop import find_weight_file, read_weights, shipped
from gimefive_jax.report.released import read_released

NAMES = shipped.shipped_names()


def test_small_is_shipped():
    assert "small" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_shipped_weights_are_small_and_carry_a_calibration_and_a_notice(name: str):
    path = find_weight_file(name)
    assert path is not None
    assert path.stat().st_size <= 6e6
    weights = read_weights(path)
    assert weights.num_parameters <= 3e6
    assert not weights.scaling.is_plain
    assert weights.scaling.keeps_order
    assert "research" in weights.notice
    assert weights.config.data.directory == ""


@pytest.mark.parametrize("name", NAMES)
def test_the_card_is_of_this_very_file(name: str):
    path, found = find_weight_file(name), read_released(shipped.shipped_numbers(name))
    assert path is not None
    assert found.file_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.file_bytes == path.stat().st_size
    classifier = gimefive_jax.load(name)
    assert found.weights_sha256 == classifier.weights_sha256
    assert found.calibrations[found.view].scaling == classifier.scaling
    card = shipped.shipped_card(name).read_text()
    assert found.file_sha256 in card
    for views in found.splits.values():
        for metrics in views.values():
            assert f"{100 * metrics.accuracy:.2f}" in card


def test_every_way_in_takes_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert gimefive_jax.load("small").name == "small"
    assert cli.main(["weights", "show", "small"]) == 0
    assert "notice       trained on FER2013" in capsys.readouterr().out
    assert cli.main(["weights", "convert", "small", "copy.safetensors"]) == 0
    copy = gimefive_jax.load("copy.safetensors")
    assert (copy.name, copy.scaling) == (
        "copy.safetensors",
        gimefive_jax.load("small").scaling,
    )
    assert copy.notice


def test_a_run_folder_of_that_name_wins_and_says_so(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.copytree(tiny_run, tmp_path / "small")
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match="small is taken as the run folder of that name"):
        found = gimefive_jax.load("small")
    assert found.run_folder == Path("small")


def test_what_is_no_run_folder_does_not_hide_a_shipped_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "small").mkdir()
    monkeypatch.chdir(tmp_path)
    assert gimefive_jax.load("small").run_folder is None


def test_an_unknown_name_gets_the_nearest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"did you mean 'small'\?.*or a shipped name: small"):
        gimefive_jax.load("smal")


def test_what_has_no_place_for_a_calibration_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert cli.main(["weights", "convert", "small", str(tmp_path / "run")]) == 0
    assert "has no place for the calibration" in capsys.readouterr().err
