"""From a run folder to a file of weights that can be handed on, with what was measured on it."""

import dataclasses
import importlib.metadata
from collections.abc import Callable
from pathlib import Path

import jax

from gimefive_jax import api
from gimefive_jax.config import DataConfig, ExperimentConfig
from gimefive_jax.data import Split
from gimefive_jax.data.prepared import find_prepared
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation import Evaluation
from gimefive_jax.evaluation.calibration import check_calibration_split, fit_temperature
from gimefive_jax.evaluation.evaluation import evaluate_logits
from gimefive_jax.evaluation.metrics import check_logits, measure
from gimefive_jax.evaluation.reliability import plot_reliability
from gimefive_jax.evaluation.results import plot_confusion
from gimefive_jax.files import file_sha256
from gimefive_jax.interop import Weights, write_weights
from gimefive_jax.readout import Readout, View
from gimefive_jax.recipes.training_record import training_record
from gimefive_jax.report.model_card import write_card
from gimefive_jax.report.released import FittedOn, Released
from gimefive_jax.runs.restoring import restore_run
from gimefive_jax.training.curves import plot_curves

# Those of a prepared set that exist are measured; the pictures show the first.
SPLITS = ("test", "test_deduplicated", "public_test", "private_test")
NOTICES = {"fer2013": "trained on FER2013, for research use"}
_VIEWS: dict[View, bool] = {"plain": False, "flip": True}
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


def release(plan: ReleasePlan, say: Callable[[str], None]) -> Released:
    """Writes weights, card and pictures, and returns the numbers of the card.

    Kernels are rounded to half precision, and all that is measured is measured on that very file.
    The same run gives the same bytes again.

    Args:
      plan: Of which run, and where to.
      say: Gets a line per measurement.

    Raises:
      InputError: If there is no such run, or its data has no test split.
    """
    restored = restore_run(plan.run)
    data = _data(restored.weights.config, plan)
    splits = _splits(data)
    weights = dataclasses.replace(restored.weights, notice=_notice(data, plan))
    path = plan.out / f"{plan.name}.safetensors"
    faces, temperatures = _write(path, weights, data)
    say(f"temperatures {temperatures}, fitted on {len(faces):,} faces of {faces.name}")
    classifier = api.load(path)
    measured = {
        name: _measure(classifier, classifier.open_split(name, data=data), temperatures, faces, say)
        for name in splits
    }
    _draw(plan, classifier, classifier.open_split(splits[0], data=data))
    if rows := restored.run.read_log():
        plot_curves(rows, plan.pictures / f"{plan.name}-curves.png")
    released = Released(
        name=plan.name,
        file_bytes=path.stat().st_size,
        file_sha256=file_sha256(path),
        weights_sha256=classifier.weights_sha256,
        source=weights.source,
        model=weights.config.model.name,
        width=weights.config.model.width,
        num_parameters=weights.num_parameters,
        image_size=data.image_size,
        emotions=classifier.emotions,
        data=str(data.data_name),
        notice=weights.notice,
        view=_own_view(weights),
        temperatures=temperatures,
        fitted_on=FittedOn(faces.name, len(faces), faces.digest),
        training=training_record(restored, name=plan.name),
        measured_with=_measured_with(),
        splits=measured,
    )
    released.write(plan.out / f"{plan.name}.json")
    write_card(plan.out / f"{plan.name}.md", released, pictures=plan.pictures)
    return released


def _measured_with() -> dict[str, str]:
    versions = {package: importlib.metadata.version(package) for package in _PACKAGES}
    return {**versions, "devices": str(jax.devices()[0].platform)}


def _data(config: ExperimentConfig, plan: ReleasePlan) -> DataConfig:
    if plan.data_directory is None and Path(config.data.directory).is_dir():
        return config.data
    return dataclasses.replace(config.data, directory=str(plan.data_directory or ""))


def _splits(data: DataConfig) -> list[str]:
    found = [split for split in SPLITS if split in find_prepared(data).splits]
    if not found:
        raise InputError(f"{data.data_name} has no test split to measure")
    check_calibration_split(data.validation_split, found[0])
    return found


def _notice(data: DataConfig, plan: ReleasePlan) -> str:
    if plan.notice is not None:
        return plan.notice
    return NOTICES.get(data.name, f"trained on {data.name}, whose terms hold")


def _own_view(weights: Weights) -> View:
    return Readout(weights.config.evaluation.flip).view


def _write(path: Path, weights: Weights, data: DataConfig) -> tuple[Split, dict[View, float]]:
    """Write the file; returns the faces its temperatures were fitted on, and one for each view."""
    # Once without, because the temperature is that of the rounded weights.
    write_weights(path, dataclasses.replace(weights, temperature=1.0), precision="float16")
    classifier = api.load(path)
    faces = classifier.open_split(data.validation_split, data=data)
    temperatures = {
        view: fit_temperature(classifier.with_flip(flip).logits(faces), faces.labels)
        for view, flip in _VIEWS.items()
    }
    own = dataclasses.replace(weights, temperature=temperatures[_own_view(weights)])
    write_weights(path, own, precision="float16")
    return faces, temperatures


def _measure(
    classifier: api.Classifier,
    split: Split,
    temperatures: dict[View, float],
    faces: Split,
    say: Callable[[str], None],
) -> dict[View, Evaluation]:
    """Everything measured on a split, by view."""
    measured: dict[View, Evaluation] = {}
    for view, flip in _VIEWS.items():
        logits = classifier.with_flip(flip).logits(split)
        check_logits(logits, classifier.name)
        source = f"fitted on {faces.data_name} {faces.name}"
        measured[view] = evaluate_logits(
            split,
            logits,
            model_name=classifier.name,
            weights_sha256=classifier.weights_sha256,
            readout=Readout(flip, temperatures[view], source),
        )
        say(f"{split.name}, {view}: accuracy {measured[view].accuracy:.2%} of {len(split):,} faces")
    return measured


def _draw(plan: ReleasePlan, classifier: api.Classifier, split: Split) -> None:
    logits = classifier.logits(split)
    confusion = measure(logits, split.labels).confusion
    plot_confusion(confusion, split.emotions, plan.pictures / f"{plan.name}-confusion.png")
    plot_reliability(
        logits,
        split.labels,
        plan.pictures / f"{plan.name}-reliability.png",
        readout=classifier.readout,
    )
