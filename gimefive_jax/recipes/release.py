"""From a run folder to a file of weights that can be handed on, with what was measured on it."""

import dataclasses
import importlib.metadata
from collections.abc import Callable
from pathlib import Path

import jax

from gimefive_jax import api
from gimefive_jax.config import DataConfig, ExperimentConfig
from gimefive_jax.data import Split
from gimefive_jax.data.pictures import pictures_of
from gimefive_jax.data.prepared import find_prepared
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation import Evaluation
from gimefive_jax.evaluation.calibration import check_calibration_split
from gimefive_jax.evaluation.evaluation import evaluate_logits
from gimefive_jax.evaluation.fitting import ScalingChoice, choose_scaling
from gimefive_jax.evaluation.metrics import check_logits, measure
from gimefive_jax.evaluation.reliability import plot_reliability
from gimefive_jax.evaluation.results import plot_confusion
from gimefive_jax.files import file_sha256
from gimefive_jax.interop import Weights, find_weight_file, read_weights, write_weights
from gimefive_jax.readout import Readout, View
from gimefive_jax.recipes.training_record import training_record
from gimefive_jax.report.model_card import write_card
from gimefive_jax.report.released import (
    FittedOn,
    Released,
    TrainingRecord,
    read_training_record,
    without_curves,
)
from gimefive_jax.runs import LogRow
from gimefive_jax.runs.restoring import restore_run
from gimefive_jax.scaling import PLAIN_SCALING
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
    """Run folder, a checkpoint folder in it, or a file of weights with its NAME.json beside it,
    whose tensors stay bit for bit."""
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
    origin = _find_origin(plan)
    data = _data(origin.weights.config, plan)
    splits = _splits(data)
    notice = origin.weights.notice or _notice(data)
    weights = dataclasses.replace(origin.weights, notice=plan.notice or notice)
    path = plan.out / f"{plan.name}.safetensors"
    faces, choices = _write(path, weights, data)
    for view, choice in choices.items():
        say(f"{view}: {choice.scaling.describe()}, fitted on {len(faces):,} faces of {faces.name}")
    classifier = api.load(path)
    measured = {
        name: _measure(classifier, classifier.open_split(name, data=data), choices, faces, say)
        for name in splits
    }
    _draw(plan, classifier, classifier.open_split(splits[0], data=data))
    if origin.log:
        plot_curves(origin.log, plan.pictures / f"{plan.name}-curves.png")
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
        calibrations=choices,
        fitted_on=FittedOn(faces.name, len(faces), faces.digest),
        training=origin.training,
        measured_with=_measured_with(),
        splits=measured,
    )
    released.write(plan.out / f"{plan.name}.json")
    write_card(plan.out / f"{plan.name}.md", released, pictures=plan.pictures)
    return released


@dataclasses.dataclass(frozen=True)
class _Origin:
    """What weights are made of, and how they came about."""

    weights: Weights
    training: TrainingRecord
    log: list[LogRow]


def _find_origin(plan: ReleasePlan) -> _Origin:
    path = find_weight_file(plan.run)
    if path is not None:
        # Handed on before: what its card says of the training stays true.
        training = read_training_record(path.with_suffix(".json"))
        return _Origin(read_weights(path), training, [])
    restored = restore_run(plan.run)
    training = training_record(restored, name=plan.name)
    return _Origin(restored.weights, training, restored.run.read_log())


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


def _notice(data: DataConfig) -> str:
    return NOTICES.get(data.name, f"trained on {data.name}, whose terms hold")


def _own_view(weights: Weights) -> View:
    return Readout(weights.config.evaluation.flip).view


def _write(
    path: Path, weights: Weights, data: DataConfig
) -> tuple[Split, dict[View, ScalingChoice]]:
    """Write the file; returns the faces its calibration was chosen on, and one for each view."""
    # Once without, because the calibration is that of the rounded weights.
    write_weights(path, dataclasses.replace(weights, scaling=PLAIN_SCALING), precision="float16")
    classifier = api.load(path)
    faces = classifier.open_split(data.validation_split, data=data)
    choices = {
        view: choose_scaling(
            classifier.with_flip(flip).logits(faces), faces.labels, pictures=pictures_of(faces)
        )
        for view, flip in _VIEWS.items()
    }
    own = dataclasses.replace(weights, scaling=choices[_own_view(weights)].scaling)
    write_weights(path, own, precision="float16")
    return faces, choices


def _measure(
    classifier: api.Classifier,
    split: Split,
    choices: dict[View, ScalingChoice],
    faces: Split,
    say: Callable[[str], None],
) -> dict[View, Evaluation]:
    """Everything measured on a split, by view."""
    measured: dict[View, Evaluation] = {}
    for view, flip in _VIEWS.items():
        logits = classifier.with_flip(flip).logits(split)
        check_logits(logits, classifier.name)
        source = f"fitted on {faces.data_name} {faces.name}"
        found = evaluate_logits(
            split,
            logits,
            model_name=classifier.name,
            weights_sha256=classifier.weights_sha256,
            readout=Readout(flip, choices[view].scaling, source),
        )
        measured[view] = without_curves(found)
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
