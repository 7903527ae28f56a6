"""How weights came about: what their run folder says, and the command that trains them again."""

import datetime
import shlex
from collections.abc import Mapping

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.runs.restoring import RestoredRun

# What does not change the weights, or is one machine's business.
_LEFT_OUT = (
    "data.directory",
    "data.placement",
    "training.max_minutes",
    "training.save_every_minutes",
    "evaluation.batch_size",
    "explanation.",
)


def training_record(restored: RestoredRun, *, name: str) -> dict[str, object]:
    """How the weights came about, from what the run folder says itself."""
    config = configs.replace(restored.weights.config, {"data.directory": ""})
    run, rows = restored.run, restored.run.read_log()
    found: dict[str, object] = {
        "command": training_command(config, workdir=f"runs/{name}"),
        "config": configs.to_dict(config),
        "seed": config.seed,
        "num_epochs": config.training.num_epochs,
    }
    if (known := run.read_environment()) is not None:
        found["environment"] = {
            "python": known.python,
            "packages": dict(known.packages),
            "devices": list(known.devices),
        }
        found["data_sha256"] = dict(known.data_sha256)
    if not rows:
        return found
    kept = next((row for row in rows if row.step == restored.step), None)
    # The log has no clock of its own; the day it was last written is the day training ended.
    day = datetime.datetime.fromtimestamp(run.log_file.stat().st_mtime, datetime.UTC).date()
    found |= {"ended": day.isoformat(), "epochs_trained": round(rows[-1].epoch, 2)}
    if kept is not None:
        found |= {
            "kept_epoch": round(kept.epoch, 2),
            "kept_step": kept.step,
            "validation_accuracy": kept.validation_accuracy,
        }
    return found


def training_command(config: ExperimentConfig, *, workdir: str) -> str:
    """`gimefive train` with the shipped config that is nearest, and each field that differs."""
    wanted = _flat(configs.to_dict(config))
    differing = {
        name: {
            field: value
            for field, value in wanted.items()
            if _flat(configs.to_dict(configs.load_config(name)))[field] != value
            and not field.startswith(_LEFT_OUT)
        }
        for name in configs.config_names()
    }
    name, fields = min(differing.items(), key=lambda item: len(item[1]))
    changed = [f" --config.{field}={shlex.quote(str(value))}" for field, value in fields.items()]
    return f"gimefive train --config {name} --workdir {workdir}{''.join(changed)}"


def _flat(tree: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
