"""Trains and evaluates a trial of the campaign in its run folder, or goes on with it."""

import dataclasses
import itertools
import json
from pathlib import Path
from typing import TypedDict, cast

from benchmarks.campaign_plan import Trial
from gimefive_jax import config as configs
from gimefive_jax import files
from gimefive_jax.api import load
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.data import find_prepared
from gimefive_jax.evaluation.results import write_evaluation
from gimefive_jax.recipes.weights import read_any, write_any
from gimefive_jax.runs import RunFolder, results_folder
from gimefive_jax.training.experiment import check_same_experiment
from gimefive_jax.training.loop import TrainResult, train

RESULT = "result.json"
# As far as the prepared set has them.
SPLITS = ("validation", "test", "test_deduplicated", "public_test", "private_test")


class Result(TypedDict):
    """What is left of a finished trial."""

    name: str
    group: str
    seed: int
    command: str
    epochs: float
    best_epoch: float
    steps_minutes: float
    """Of training alone, compilation included."""
    images_per_second: float
    accuracy: dict[str, float]
    """By split."""
    balanced_accuracy: dict[str, float]
    count: dict[str, int]


def run_trial(trial: Trial, out: Path, *, data_directory: Path, minutes: float) -> Result | None:
    """Result of `trial`, at once where it is finished; None if `minutes` were too few.

    Raises KeyboardInterrupt where it was asked to stop; in either case the same call goes on.
    """
    folder = out / "runs" / trial.name
    config = _as_it_began(trial.config, folder)
    check_same_experiment(config, folder)
    if (folder / RESULT).is_file():
        return read_result(folder)
    changes = {"data.directory": str(data_directory), "training.max_minutes": minutes}
    ended = train(configs.replace(config, changes), folder)
    if ended.ending in ("interrupted", "terminated"):
        raise KeyboardInterrupt
    if ended.ending == "out of time":
        return None
    result = _evaluate(trial, ended, folder)
    if trial.keeps_weights:
        target = out / "weights" / f"{trial.name}.safetensors"
        target.parent.mkdir(parents=True, exist_ok=True)
        # A run that was stopped right here has written it already.
        target.unlink(missing_ok=True)
        write_any(target, read_any(folder), precision="float16")
    # Last: what has a result is whole.
    files.write_json(folder / RESULT, cast(dict[str, object], result))
    return result


def read_result(folder: Path) -> Result:
    """Result of a finished trial."""
    return cast(Result, json.loads((folder / RESULT).read_text(encoding="utf-8")))


def _as_it_began(config: ExperimentConfig, folder: Path) -> ExperimentConfig:
    """`config` with what the first machine's kind decided."""
    run = RunFolder(folder)
    if not run.has_config:
        return config
    before = run.read_config().training
    return dataclasses.replace(
        config,
        training=dataclasses.replace(
            config.training,
            steps_per_dispatch=before.steps_per_dispatch,
            precision=before.precision,
        ),
    )


def _evaluate(trial: Trial, ended: TrainResult, folder: Path) -> Result:
    classifier = load(folder)
    prepared = find_prepared(classifier.config.data)
    metrics = {}
    for name in SPLITS:
        if name not in prepared.splits:
            continue
        split = classifier.open_split(name)
        target = results_folder(
            folder, classifier.name, "evaluation", data_name=split.data_name, split=name
        )
        metrics[name] = write_evaluation(
            target,
            split,
            classifier.logits(split),
            model_name=classifier.name,
            weights_sha256=classifier.weights_sha256,
        )
    steps = [0, *(row.step for row in ended.rows)]
    batch_size = trial.config.training.batch_size
    faces = [batch_size * (after - before) for before, after in itertools.pairwise(steps)]
    seconds = sum(
        count / row.images_per_second for count, row in zip(faces, ended.rows, strict=True)
    )
    best = max(ended.rows, key=lambda row: row.validation_accuracy)
    return Result(
        name=trial.name,
        group=trial.group,
        seed=trial.config.seed,
        command=trial.command,
        epochs=ended.rows[-1].epoch,
        best_epoch=best.epoch,
        steps_minutes=seconds / 60,
        images_per_second=sum(faces) / seconds,
        accuracy={name: one.accuracy for name, one in metrics.items()},
        balanced_accuracy={name: one.balanced_accuracy for name, one in metrics.items()},
        count={name: one.count for name, one in metrics.items()},
    )
