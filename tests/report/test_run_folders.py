import os
import shutil
from pathlib import Path

import pytest

from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.report.run_folders import read_run
from gimefive_jax.runs import RunFolder
from tests.made_runs import add_evaluation, make_run

_CONFIG = replace(ExperimentConfig(), {"training.num_epochs": 3, "training.patience": 2})


def test_a_run_is_summed_up(tmp_path: Path):
    folder = make_run(tmp_path / "a", _CONFIG, [0.2, 0.6, 0.5], test=0.55, test_deduplicated=0.5)
    run = read_run(RunFolder(folder))
    assert (run.state, run.epochs, run.problems) == ("finished", 3, ())
    assert run.best is not None
    assert (run.best.validation_accuracy, round(run.best.epoch)) == (0.6, 2)
    assert run.test_accuracies == {"test": 0.55, "test_deduplicated": 0.5}
    assert run.images_per_second == 101.0
    # Ten steps of 16 faces an epoch, at 100, 101 and 102 faces a second.
    assert run.minutes == pytest.approx(sum(160 / speed for speed in (100, 101, 102)) / 60)


def test_the_real_trainings_own_folder_is_a_finished_run(tiny_run: Path):
    run = read_run(RunFolder(tiny_run))
    assert (run.state, run.epochs, run.problems) == ("finished", 3, ())
    assert set(run.data_sha256) == {"train", "validation"}


@pytest.mark.parametrize(
    ("accuracies", "state"),
    [
        ([], "unfinished"),
        ([0.5], "unfinished"),
        ([0.5, 0.4], "unfinished"),
        ([0.5, 0.4, 0.3], "finished"),
    ],
)
def test_the_state_follows_from_the_log(accuracies: list[float], state: str, tmp_path: Path):
    assert read_run(RunFolder(make_run(tmp_path / "a", _CONFIG, accuracies))).state == state


@pytest.mark.parametrize(
    ("accuracies", "state"), [([0.5, 0.5, 0.5], "stopped early"), ([0.5, 0.6, 0.6], "unfinished")]
)
def test_patience_counts_epochs_that_are_not_better(
    accuracies: list[float], state: str, tmp_path: Path
):
    config = replace(_CONFIG, {"training.num_epochs": 9})
    assert read_run(RunFolder(make_run(tmp_path / "a", config, accuracies))).state == state


@pytest.mark.parametrize(
    ("file", "text", "problem", "state"),
    [
        ("config.json", "{", "is not a readable config.json", "damaged"),
        ("config.json", '{"model": {"widht": 1}}', "did you mean 'width'", "damaged"),
        ("config.json", None, "holds no config.json", "damaged"),
        ("metrics.csv", "garbage", "metrics.csv is damaged", "damaged"),
        (
            "environment.json",
            "[]",
            "environment.json is a damaged file (content must hold named fields",
            "finished",
        ),
        ("evaluation/fer2013-test/metrics.json", "{", "damaged file", "finished"),
        (
            "evaluation/fer2013-test/metrics.json",
            '{"data": "fer2013/six", "split": "test", "accuracy": 0.5}',
            "count is missing",
            "finished",
        ),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_is_read(
    file: str, text: str | None, problem: str, state: str, tmp_path: Path
):
    folder = make_run(tmp_path / "a", _CONFIG, [0.2, 0.6, 0.5], test=0.5)
    if text is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(text)
    run = read_run(RunFolder(folder))
    assert run.state == state
    assert any(problem in line for line in run.problems)
    assert (run.best is not None) == (file != "metrics.csv")


def test_numbers_that_cannot_be_are_damage(tmp_path: Path):
    folder = make_run(tmp_path / "a", _CONFIG, [0.2, float("nan"), 0.5])
    run = read_run(RunFolder(folder))
    assert run.state == "damaged"
    assert "step 20 has no usable numbers" in run.problems[0]


def test_a_log_without_a_model_is_told(tmp_path: Path):
    folder = make_run(tmp_path / "a", _CONFIG, [0.2])
    shutil.rmtree(folder / "checkpoints")
    assert "holds no checkpoint" in read_run(RunFolder(folder)).problems[0]


def test_only_the_best_checkpoint_on_the_trained_set_is_its_test_accuracy(tmp_path: Path):
    folder = make_run(tmp_path / "a", _CONFIG, [0.2])
    add_evaluation(folder, "raf_db/six", "test", 0.9)
    add_evaluation(folder, "fer2013/six", "test", 0.8, name="fer2013-test-step-10")
    assert read_run(RunFolder(folder)).test_accuracies == {}


def test_an_evaluation_from_before_the_last_epoch_is_told(tmp_path: Path):
    folder = make_run(tmp_path / "a", _CONFIG, [0.2], test=0.5)
    path = folder / "evaluation" / "fer2013-test" / "metrics.json"
    os.utime(path, (0, 0))
    assert "is older than the last epoch" in read_run(RunFolder(folder)).problems[0]
