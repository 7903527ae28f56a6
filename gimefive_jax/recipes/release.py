"""From a run folder to a file of weights that can be handed on, with what was measured on it."""

import dataclasses
import datetime
import hashlib
import importlib.metadata
import json
import re
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

from gimefive_jax import api, files
from gimefive_jax import config as configs
from gimefive_jax.config import DataConfig, ExperimentConfig
from gimefive_jax.data import Split
from gimefive_jax.data.prepared import find_prepared
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation.calibration import check_calibration_split, fit_temperature
from gimefive_jax.evaluation.metrics import check_logits
from gimefive_jax.evaluation.reliability import plot_reliability
from gimefive_jax.evaluation.results import plot_confusion
from gimefive_jax.evaluation.summary import summarise
from gimefive_jax.interop import write_weights
from gimefive_jax.recipes.commands import training_command
from gimefive_jax.report.model_card import write_card
from gimefive_jax.training.curves import plot_curves
from gimefive_jax.training.environment import ENVIRONMENT
from gimefive_jax.training.restoring import RestoredRun, restore_run
from gimefive_jax.training.run_log import read_rows

# Those of a prepared set that exist are measured; the pictures show the first.
SPLITS = ("test", "test_deduplicated", "public_test", "private_test")
NOTICES = {"fer2013": "trained on FER2013, for research use"}
_VIEWS = {"plain": False, "flip": True}
_PACKAGES = ("jax", "jaxlib", "flax", "numpy", "pillow")


@dataclasses.dataclass(frozen=True)
class ReleasePlan:
    """What is made of which run, and where it goes."""

    run: str
    name: str
    out: Path
    """Folder of NAME.safetensors, its card NAME.md, and the numbers of the card, NAME.json."""
    pictures: Path
    """Folder of NAME-curves.png, NAME-confusion.png and NAME-reliability.png."""
    data_directory: Path | None = None
    notice: str | None = None
    """None is what is known of the data's terms."""


def release(plan: ReleasePlan, say: Callable[[str], None]) -> dict[str, object]:
    """Write weights, card and pictures; returns the numbers of the card.

    Kernels are rounded to half precision, and all that is measured is measured on that very file.
    The same run gives the same bytes again.
    """
    run = restore_run(plan.run)
    data = _data(run.weights.config, plan)
    splits = [split for split in SPLITS if split in find_prepared(data).splits]
    if not splits:
        raise InputError(f"{data.name}/{data.variant} has no test split to measure")
    validation = data.validation_split
    check_calibration_split(validation, splits[0])
    default = NOTICES.get(data.name, f"trained on {data.name}, whose terms hold")
    notice = default if plan.notice is None else plan.notice
    weights = dataclasses.replace(run.weights, temperature=1.0, notice=notice)
    path = plan.out / f"{plan.name}.safetensors"
    write_weights(path, weights, precision="float16")
    faces = api.load(path).open_split(validation, data=data)
    temperatures = {view: _fit(path, faces, flip=flip) for view, flip in _VIEWS.items()}
    say(f"temperatures {temperatures}, fitted on {len(faces):,} faces of {validation}")
    own = weights.config.evaluation.flip
    own_view = "flip" if own else "plain"
    write_weights(
        path,
        dataclasses.replace(weights, temperature=temperatures[own_view]),
        precision="float16",
    )
    classifier = api.load(path)
    measured: dict[str, dict[str, object]] = {}
    for name in splits:
        split = classifier.open_split(name, data=data)
        measured[name] = {}
        for view, flip in _VIEWS.items():
            logits = classifier.with_flip(flip).logits(split)
            check_logits(logits, plan.name)
            found = summarise(
                split,
                logits,
                flip=flip,
                temperature=temperatures[view],
                temperature_source=f"fitted on {faces.data_name} {validation}",
            )
            measured[name][view] = {"data_sha256": split.digest, **found}
            say(f"{name}, {view}: accuracy {found['accuracy']:.2%} of {len(split):,} faces")
            if (name, view) == (splits[0], own_view):
                _draw(plan, split, logits, temperatures[view])
    content = path.read_bytes()
    results: dict[str, object] = {
        "name": plan.name,
        "file_bytes": len(content),
        "file_sha256": hashlib.sha256(content).hexdigest(),
        "weights_sha256": classifier.weights_sha256,
        "source": weights.source,
        "model": weights.config.model.name,
        "width": weights.config.model.width,
        "num_parameters": weights.num_parameters,
        "image_size": data.image_size,
        "emotions": list(classifier.emotions),
        "data": f"{data.name}/{data.variant}",
        "notice": notice,
        "view": own_view,
        "temperatures": temperatures,
        "fitted_on": {"split": validation, "count": len(faces), "data_sha256": faces.digest},
        "training": _training(run, plan),
        "measured_with": {
            **{package: importlib.metadata.version(package) for package in _PACKAGES},
            "devices": str(jax.devices()[0].platform),
        },
        "splits": measured,
    }
    files.write_json(plan.out / f"{plan.name}.json", results)
    write_card(plan.out / f"{plan.name}.md", results, pictures=plan.pictures)
    return results


def _data(config: ExperimentConfig, plan: ReleasePlan) -> DataConfig:
    if plan.data_directory is None and Path(config.data.directory).is_dir():
        return config.data
    return dataclasses.replace(config.data, directory=str(plan.data_directory or ""))


def _fit(path: Path, faces: Split, *, flip: bool) -> float:
    return fit_temperature(api.load(path).with_flip(flip).logits(faces), faces.labels)


def _draw(plan: ReleasePlan, split: Split, logits: np.ndarray, temperature: float) -> None:
    confusion = np.zeros((len(split.emotions),) * 2, int)
    np.add.at(confusion, (split.labels, logits.argmax(1)), 1)
    plot_confusion(confusion, split.emotions, plan.pictures / f"{plan.name}-confusion.png")
    plot_reliability(
        logits,
        split.labels,
        plan.pictures / f"{plan.name}-reliability.png",
        temperature=temperature,
    )


def _training(run: RestoredRun, plan: ReleasePlan) -> dict[str, object]:
    """How the weights came about, from what the run folder says itself."""
    config = configs.replace(run.weights.config, {"data.directory": ""})
    log = run.folder / "metrics.csv"
    rows = read_rows(log)
    found: dict[str, object] = {
        "command": training_command(config, workdir=f"runs/{plan.name}"),
        "config": configs.to_dict(config),
        "seed": config.seed,
        "num_epochs": config.training.num_epochs,
    }
    if (environment := run.folder / ENVIRONMENT).is_file():
        known = json.loads(environment.read_text(encoding="utf-8"))
        found["environment"] = {key: known.get(key) for key in ("python", "packages", "devices")}
        found["data_sha256"] = known.get("data_sha256")
    if not rows:
        return found
    plot_curves(rows, plan.pictures / f"{plan.name}-curves.png")
    step = re.search(r", step (\d+)", run.weights.source)
    kept = next((row for row in rows if step and row.step == int(step[1])), None)
    # The log has no clock of its own; the day it was last written is the day training ended.
    day = datetime.datetime.fromtimestamp(log.stat().st_mtime, datetime.UTC).date()
    found |= {"ended": day.isoformat(), "epochs_trained": round(rows[-1].epoch, 2)}
    if kept is not None:
        found |= {
            "kept_epoch": round(kept.epoch, 2),
            "kept_step": kept.step,
            "validation_accuracy": kept.validation_accuracy,
        }
    return found
