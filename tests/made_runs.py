"""Run folders with the numbers that a test wants, without training."""

import json
from collections.abc import Sequence
from pathlib import Path

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.runs import LogRow, RunFolder
from gimefive_jax.runs.run_log import RunLog

STEPS_PER_EPOCH = 10


def make_run(
    folder: Path,
    config: ExperimentConfig,
    accuracies: Sequence[float],
    *,
    faces: str = "a" * 64,
    **tests: float,
) -> Path:
    """Run folder with a row per validation accuracy, and evaluations of the splits in `tests`."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(configs.to_dict(config)))
    (folder / "environment.json").write_text(json.dumps({"data_sha256": {"train": faces}}))
    if accuracies:
        # Where no epoch ends on a whole step, its row lies a fraction of a step behind it.
        log = RunLog(RunFolder(folder).log_file, step=0)
        for i, accuracy in enumerate(accuracies):
            step = (i + 1) * STEPS_PER_EPOCH
            log.append(LogRow(step, i + 1.0003, 0.1, 1.0, 0.5, 1.0, accuracy, 100.0 + i))
        (folder / "checkpoints" / str(step)).mkdir(parents=True)
    for split, accuracy in tests.items():
        add_evaluation(folder, f"{config.data.name}/{config.data.variant}", split, accuracy)
    return folder


def add_evaluation(folder: Path, data: str, split: str, accuracy: float, *, name: str = "") -> Path:
    """`metrics.json` of an evaluation, as far as a table of runs reads it."""
    path = folder / "evaluation" / (name or f"{data.split('/')[0]}-{split}") / "metrics.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"data": data, "split": split, "accuracy": accuracy}))
    return path
