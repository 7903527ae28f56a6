"""`gimefive evaluate`: one model or many, and every mistake in a line."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

import gimefive_jax
from data_prep.own import OwnOptions
from data_prep.prepare import prepare
from gimefive_jax import cli
from gimefive_jax.evaluation import read_evaluation
from gimefive_jax.evaluation.predictions import read_predictions
from tests.raw_folders import write_emotion_folders


@pytest.fixture
def runs(tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two run folders of one run."""
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        shutil.copytree(tiny_run, tmp_path / "runs" / name)
    return tmp_path / "runs"


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_many_models_have_a_folder_each_and_a_table(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert cli.main(["evaluate", "runs/*", "--flip", "--parquet", "--out", "out"]) == 0
    assert cli.main(["evaluate", "runs/a", "--out", "alone"]) == 0
    found = read_evaluation(tmp_path / "out/runs-a")
    assert found.command == "gimefive evaluate runs/a --split test --flip"
    assert found.flip
    assert (tmp_path / "out/runs-b/predictions.parquet").is_file()
    assert not (tmp_path / "alone/predictions.parquet").exists()
    rows = _rows(tmp_path / "out/results.csv")
    assert [row["model"] for row in rows] == ["runs/a", "runs/b"]
    assert float(rows[0]["accuracy"]) == found.accuracy
    # The same variables, face by face.
    assert float(rows[1]["accuracy_gain"]) == float(rows[1]["accuracy_gain_low"]) == 0
    assert "runs/b" in (tmp_path / "out/results.md").read_text()
    assert "2 models on the same faces" in (tmp_path / "out/index.html").read_text()
    assert (tmp_path / "out/runs-b/index.html").is_file()
    assert "out/results.csv" in capsys.readouterr().out


def test_a_gain_is_the_difference_on_the_same_faces(runs: Path, tmp_path: Path):
    words = ["evaluate", "runs/a", "runs/a/checkpoints/5", "--baseline", "runs/a/checkpoints/5"]
    step = min(int(p.name) for p in (runs / "a/checkpoints").iterdir() if p.name.isdigit())
    words = [word.replace("checkpoints/5", f"checkpoints/{step}") for word in words]
    assert cli.main([*words, "--out", "out"]) == 0
    first, base = _rows(tmp_path / "out/results.csv")
    gain = float(first["accuracy_gain"])
    assert gain == pytest.approx(float(first["accuracy"]) - float(base["accuracy"]))
    assert float(first["accuracy_gain_low"]) <= gain <= float(first["accuracy_gain_high"])
    assert float(base["accuracy_gain"]) == 0


def test_parameters_that_are_not_averaged_have_results_of_their_own(runs: Path):
    assert cli.main(["evaluate", "runs/a"]) == 0
    assert cli.main(["evaluate", "runs/a", "--not-averaged"]) == 0
    averaged, last = (
        read_evaluation(runs / "a/evaluation" / name)
        for name in ("drawn_faces-test", "drawn_faces-test-not-averaged")
    )
    assert averaged.weights_sha256 != last.weights_sha256
    assert last.model == "a, not averaged"
    wanted = gimefive_jax.load("runs/a", averaged=False).weights_sha256
    assert last.weights_sha256 == wanted


def test_a_chosen_kind_of_calibration_is_fitted_and_written(runs: Path, tmp_path: Path):
    words = ["evaluate", "runs/a", "--calibrate-on", "validation", "--calibration", "power"]
    assert cli.main([*words, "--out", "out"]) == 0
    found = read_evaluation(tmp_path / "out")
    assert found.readout.scaling.kind == "power"
    rows = read_predictions(tmp_path / "out")
    assert rows.calibrated is not None
    np.testing.assert_allclose(
        rows.calibrated, found.readout.probabilities(rows.logits), rtol=1e-4, atol=1e-7
    )


def test_neutral_faces_at_hand_are_measured(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write_emotion_folders(tmp_path / "raw", parts=("train", "test"), per_folder=4)
    for variant in ("six", "seven"):
        prepare("folders", data_dir=tmp_path / "data", raw=tmp_path / "raw", variant=variant)
    words = ["evaluate", "runs/a", "--data", "folders", "--data-dir", "data", "--out", "out"]
    assert cli.main(words) == 0
    found = read_evaluation(tmp_path / "out").neutral
    assert found is not None
    assert (found.data, found.split, found.count) == ("folders/seven", "test", 4)
    assert found.share == found.num_confident / 4
    assert "4 neutral faces" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        ([], ["MODEL is missing"]),
        (["runs/x*"], ["no file or folder fits runs/x*"]),
        (["runs/a", "--baseline", "runs/b"], ["baseline 'runs/b'", "runs/a"]),
        (["runs/a", "--calibration", "power"], ["--calibration power", "--calibrate-on"]),
        (["runs/a", "--calibrate-on", "test"], ["fitted on test would flatter"]),
        (["runs/a", "--split", "tset"], ["no split 'tset'", "did you mean 'test'"]),
        (["small", "--not-averaged"], ["small holds one set of parameters"]),
    ],
)
def test_a_mistake_is_one_line(
    words: list[str], facts: list[str], runs: Path, capsys: pytest.CaptureFixture[str]
):
    assert cli.main(["evaluate", *words]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert all(fact in line for fact in facts), line


def test_a_model_of_other_categories_is_one_line(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write_emotion_folders(tmp_path / "raw", parts=("train", "test"), per_folder=4)
    options = OwnOptions(("happiness", "fear"))
    prepare(
        "folders", data_dir=tmp_path / "data", raw=tmp_path / "raw", variant="own", options=options
    )
    assert cli.main(["evaluate", "runs/a", "--data", "folders/own", "--data-dir", "data"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "happiness, fear" in line
    assert "must have the model's" in line


def test_corruptions_are_measured_and_drawn(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = ["evaluate", "runs/a", "--corruptions", "--corruption-faces", "12", "--out", "out"]
    assert cli.main(words) == 0
    out = capsys.readouterr().out
    found = read_evaluation(tmp_path / "out")
    assert found.command.endswith("--corruption-faces 12 --corruptions")
    assert found.robustness is not None
    assert (found.robustness.count, found.robustness.num_in_split) == (12, found.count)
    assert (
        f"worse pictures of 12 faces: accuracy falls by {found.robustness.relative_drop:.1%}" in out
    )
    rows = _rows(tmp_path / "out/corruptions.csv")
    assert len(rows) == 1 + 5 * len(found.robustness.curves)
    assert float(rows[0]["accuracy"]) == found.robustness.accuracy
    assert float(rows[-1]["accuracy"]) == found.robustness.curves[-1].scores[-1].accuracy
    assert (tmp_path / "out/corruptions.png").is_file()
    assert "worse pictures" in (tmp_path / "out/index.html").read_text(encoding="utf-8")
    # Drawn faces show nobody.
    assert not (tmp_path / "out/.gitignore").exists()


def test_no_faces_to_corrupt_are_one_line(runs: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["evaluate", "runs/a", "--corruptions", "--corruption-faces", "0"]) == 2
    assert "--corruption-faces 0 must be 1 or more" in capsys.readouterr().err
