"""The table of recipe trials, from run folders."""

import json
from pathlib import Path

import pytest

from benchmarks.recipe_search import PROCESSOR, make_table, read_trials
from gimefive_jax import config as configs
from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.runs import LogRow, RunFolder
from gimefive_jax.runs.run_log import RunLog


@pytest.fixture(name="runs")
def fixture_runs(tmp_path: Path) -> Path:
    for seed, accuracies in ((0, (0.5, 0.66)), (1, (0.6, 0.64))):
        folder = _run(tmp_path / f"slow-seed{seed}", seed=seed, learning_rate=0.01)
        log = RunLog(RunFolder(folder).log_file, step=0)
        for epoch, accuracy in enumerate(accuracies, start=1):
            log.append(LogRow(epoch, epoch, 0.01, 1.0, 0.5, 1.0, accuracy, 100.0))
        # Two calls: the first was stopped, the second went on.
        line = json.dumps({"user_seconds": 59.0, "system_seconds": 1.0})
        (folder / PROCESSOR).write_text(f"{line}\n{line}\n")
    _run(tmp_path / "begun-seed0", seed=0, learning_rate=0.03, lost_field=True)
    return tmp_path


def _run(folder: Path, *, seed: int, learning_rate: float, lost_field: bool = False) -> Path:
    folder.mkdir()
    base = configs.load_config("gimefive_fer2013_modern")
    changes = {
        "seed": seed,
        "training.num_epochs": 2,
        "optimizer.learning_rate": learning_rate,
        "data.directory": str(folder),
        # As `train` fills it in from the data.
        "model.emotions": EMOTIONS,
    }
    values = configs.to_dict(configs.replace(base, changes))
    if lost_field:
        values["training"]["lost_field"] = 0.5
    (folder / "config.json").write_text(json.dumps(values))
    return folder


def _table(runs: Path) -> dict[str, list[str]]:
    lines = make_table(read_trials(runs, base="gimefive_fer2013_modern")).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {row[0]: row[1:] for row in cells}


def test_seeds_share_a_row_with_mean_and_deviation(runs: Path):
    expected = ["learning_rate=0.01", "2", "0, 1", "2.0 ± 0.0", "65.00 ± 1.41", "65.00 ± 1.41"]
    assert _table(runs)["slow"] == expected


def test_a_trial_without_an_epoch_and_a_field_the_code_has_lost_stay_in_the_table(runs: Path):
    assert _table(runs)["begun"] == ["lost_field=0.5", "0 of 2", "0", "-", "-", "-"]
