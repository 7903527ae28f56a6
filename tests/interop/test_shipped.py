"""Weights by name: what comes with the package is a model like any other."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import gimefive_jax
from gimefive_jax.errors import InputError
from gimefive_jax.interop import shipped, shipped_names
from gimefive_jax.recipes.weights import read_any, write_any


@pytest.fixture
def assets(tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of shipped weights that holds `pocket`; the working folder is another one."""
    folder = tmp_path / "assets"
    write_any(folder / "pocket.safetensors", read_any(tiny_run), precision="float16")
    monkeypatch.setattr(shipped, "ASSETS", folder)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return folder


def test_a_name_stands_for_the_file_in_the_package(assets: Path):
    assert shipped_names() == ["pocket"]
    face = np.random.default_rng(0).integers(0, 256, (32, 32), np.uint8)
    by_name = gimefive_jax.load("pocket")
    by_file = gimefive_jax.load(assets / "pocket.safetensors")
    assert by_name.name == "pocket"
    np.testing.assert_array_equal(by_name.predict([face]).logits, by_file.predict([face]).logits)


def test_a_path_of_the_same_name_wins_and_says_so(assets: Path, tiny_run: Path):
    shutil.copytree(tiny_run, "pocket")
    with pytest.warns(UserWarning, match=r"taken to be the path \./pocket"):
        classifier = gimefive_jax.load("pocket")
    assert classifier.run_folder is not None


def test_an_unknown_name_is_told_the_known_ones(assets: Path):
    with pytest.raises(InputError, match=r"no model at pockt, did you mean 'pocket'\?"):
        gimefive_jax.load("pockt")
    with pytest.raises(InputError, match="or a shipped name: pocket"):
        gimefive_jax.load("runs/none")
