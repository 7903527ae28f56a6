"""How weights came about: what their run folder says, and the command that trains them again."""

import dataclasses
import datetime
import shlex

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.report.released import TrainedWith, TrainingRecord
from gimefive_jax.runs.restoring import RestoredRun

# What does not change the weights, is one machine's business, or follows from the data.
_LEFT_OUT = (
    "model.emotions",
    "model.num_classes",
    "data.directory",
    "data.placement",
    "training.max_minutes",
    "training.save_every_minutes",
    "evaluation.batch_size",
    "explanation.",
)


def training_record(restored: RestoredRun, *, name: str) -> TrainingRecord:
    """Says how weights came about, from what their run folder says itself.

    Args:
      restored: The run, and the step that its weights are from.
      name: Of the weights, for the command that trains them again.
    """
    config = configs.replace(restored.weights.config, {"data.directory": ""})
    run, rows = restored.run, restored.run.read_log()
    known = run.read_environment()
    found = TrainingRecord(
        command=training_command(config, workdir=f"runs/{name}"),
        config=configs.to_dict(config),
        seed=config.seed,
        num_epochs=config.training.num_epochs,
        environment=None
        if known is None
        else TrainedWith(known.python, known.packages, known.devices),
        data_sha256=None if known is None else known.data_sha256,
    )
    if not rows:
        return found
    # The log has no clock of its own; the day it was last written is the day training ended.
    day = datetime.datetime.fromtimestamp(run.log_file.stat().st_mtime, datetime.UTC).date()
    found = dataclasses.replace(
        found, ended=day.isoformat(), epochs_trained=round(rows[-1].epoch, 2)
    )
    kept = next((row for row in rows if row.step == restored.step), None)
    if kept is None:
        return found
    return dataclasses.replace(
        found,
        kept_epoch=round(kept.epoch, 2),
        kept_step=kept.step,
        validation_accuracy=kept.validation_accuracy,
    )


def training_command(config: ExperimentConfig, *, workdir: str) -> str:
    """Names the command that trains a config: the shipped one that is nearest, and what differs.

    Args:
      config: The settings.
      workdir: The run folder that the command names.

    Returns:
      `gimefive train --config NAME --workdir ...` with each field that differs.
    """
    wanted = configs.to_fields(config)
    differing = {
        name: {
            field: value
            for field, value in wanted.items()
            if configs.to_fields(configs.load_config(name))[field] != value
            and not field.startswith(_LEFT_OUT)
        }
        for name in configs.config_names()
    }
    name, fields = min(differing.items(), key=lambda item: len(item[1]))
    changed = [f" --config.{field}={shlex.quote(str(value))}" for field, value in fields.items()]
    return f"gimefive train --config {name} --workdir {workdir}{''.join(changed)}"
