"""Whose numbers a result holds: the folder it lies in, and what it says itself."""

import csv
import dataclasses
import json
import shutil
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

import gimefive_jax
from gimefive_jax import cli
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.interop import Weights
from gimefive_jax.runs import RunFolder
from gimefive_jax.runs.restoring import restore_run
from gimefive_jax.training.loop import train
from gimefive_jax.training.new_run import write_run


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_run, tmp_path / "run"))


def test_a_chosen_checkpoint_has_results_of_its_own(run: Path) -> None:
    step = max(int(path.name) for path in (run / "checkpoints").iterdir() if path.name.isdigit())
    for model in (run, run / "checkpoints" / str(step)):
        assert cli.main(["evaluate", str(model)]) == 0
    best, chosen = (
        json.loads((run / "evaluation" / name / "metrics.json").read_text())
        for name in ("drawn_faces-test", f"drawn_faces-test-step-{step}")
    )
    assert (best["model"], chosen["model"]) == ("run", f"run, step {step}")
    assert (
        chosen["weights_sha256"]
        == gimefive_jax.load(run / "checkpoints" / str(step)).weights_sha256
    )


def test_files_of_one_stem_do_not_share_a_folder(
    run: Path, data_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["weights", "convert", "run", "a.safetensors"]) == 0
    assert cli.main(["evaluate", "a.safetensors", "--data-dir", str(data_directory)]) == 0
    folder = Path("gimefive-out/a.safetensors/evaluation/drawn_faces-test")
    found = json.loads((folder / "metrics.json").read_text())
    assert found["weights_sha256"] == gimefive_jax.load(run).weights_sha256


def _broken(run: Path) -> Weights:
    weights = restore_run(run).weights
    broken = jax.tree.map(np.array, weights.variables)
    broken["batch_stats"]["block1"]["norm"]["var"][:] = -1.0
    return dataclasses.replace(weights, variables=broken)


def test_logits_that_are_no_numbers_are_no_prediction(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    classifier = dataclasses.replace(gimefive_jax.load(run), variables=_broken(run).variables)
    monkeypatch.setattr("gimefive_jax.api.load", lambda _, averaged=True: classifier)
    Image.new("L", (40, 40), 90).save(tmp_path / "face.png")
    for words in (["predict", "x", str(tmp_path / "face.png")], ["evaluate", "x"]):
        assert cli.main(words) == 2
        assert "gives NaN or infinite logits for" in capsys.readouterr().err
    assert not (run / "evaluation").exists()


def test_training_from_weights_keeps_them_while_they_are_the_best(
    run: Path, tiny_config: ExperimentConfig, tmp_path: Path
) -> None:
    weights = restore_run(run).weights
    worse = {"optimizer.learning_rate": 0.3, "optimizer.momentum": 0.0, "training.num_epochs": 1}
    from gimefive_jax.config import replace

    start = tmp_path / "start"
    config = replace(weights.config, worse)
    write_run(start, dataclasses.replace(weights, config=config))
    result = train(config, start, progress=False)
    with (run / "metrics.csv").open() as file:
        accuracies = [float(row["validation_accuracy"]) for row in csv.DictReader(file)]
    assert result.best_accuracy == pytest.approx(max(accuracies), abs=1e-6)
    assert result.best_step == 0
    with RunFolder(start).open_checkpoints(read_only=True) as checkpoints:
        assert 0 in checkpoints.steps
    found = gimefive_jax.load(start)
    assert found.weights_sha256 == gimefive_jax.load(run).weights_sha256
