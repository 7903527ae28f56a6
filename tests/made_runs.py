"""Run folders with the numbers that a test wants, without training."""

import json
from collections.abc import Sequence
from pathlib import Path

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.evaluation import Evaluation
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
    """`metrics.json` of an evaluation with the given accuracy."""
    place = folder / "evaluation" / (name or f"{data.split('/')[0]}-{split}")
    place.mkdir(parents=True)
    Evaluation(
        data=data,
        split=split,
        data_sha256="a" * 64,
        count=1000,
        correct=round(1000 * accuracy),
        accuracy=accuracy,
        accuracy_interval_95=(accuracy, accuracy),
        balanced_accuracy=accuracy,
        macro_f1=accuracy,
        loss=1.0,
        majority_share=0.2,
        per_class={},
        confusion=(),
    ).write(place)
    return place / "metrics.json"
