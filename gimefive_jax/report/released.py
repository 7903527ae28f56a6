"""What is known of weights that are handed on: the content of NAME.json beside them."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from gimefive_jax import files, json_records
from gimefive_jax.evaluation import Evaluation
from gimefive_jax.evaluation.fitting import ScalingChoice
from gimefive_jax.evaluation.measurements import (
    ProbabilityMeasurements,
    ReliabilityBins,
    RiskCoverage,
)
from gimefive_jax.readout import View

# Every evaluation in the file is of the file's own weights and data, which its head says once.
_SAID_ABOVE = ("model", "weights_sha256", "data", "split")


@dataclasses.dataclass(frozen=True)
class TrainedWith:
    """What weights were trained with."""

    python: str | None
    packages: Mapping[str, str] | None
    """Versions."""
    devices: tuple[str, ...] | None


@dataclasses.dataclass(frozen=True)
class TrainingRecord:
    """How weights came about; None is what their run folder does not say."""

    command: str
    """What trains them again."""
    config: json_records.JsonObject
    """As in `config.json`."""
    seed: int
    num_epochs: int
    """That the config asks for."""
    environment: TrainedWith | None = None
    data_sha256: Mapping[str, str] | None = None
    """Of the faces that were trained and validated on, by split."""
    ended: str | None = None
    """Day on which training ended, in UTC."""
    epochs_trained: float | None = None
    kept_epoch: float | None = None
    """Of the checkpoint that the weights are from."""
    kept_step: int | None = None
    validation_accuracy: float | None = None
    """Of that checkpoint."""

    def to_json(self) -> json_records.JsonObject:
        """Returns what is known, as JSON values."""
        values = json_records.to_json(self)
        return {name: value for name, value in values.items() if value is not None}


@dataclasses.dataclass(frozen=True)
class FittedOn:
    """Faces that the calibrations were chosen and fitted on."""

    split: str
    count: int
    data_sha256: str


@dataclasses.dataclass(frozen=True)
class Released:
    """A file of weights and everything measured on it; the content of NAME.json."""

    name: str
    file_bytes: int
    file_sha256: str
    weights_sha256: str
    """Over names, types, shapes and bytes of the variables."""
    source: str
    """Where the weights come from, in words."""
    model: str
    """Architecture."""
    width: float
    num_parameters: int
    image_size: int
    """Side of the square input in pixels."""
    emotions: tuple[str, ...]
    data: str
    """Data set and variant that was trained on."""
    notice: str
    """What users of the weights must know, a line."""
    view: View
    """That the weights predict from."""
    calibrations: Mapping[View, ScalingChoice]
    """By view; the file of weights carries that of its own."""
    fitted_on: FittedOn
    training: TrainingRecord
    measured_with: Mapping[str, str]
    """Versions of packages, and `devices`."""
    splits: Mapping[str, Mapping[View, Evaluation]]
    """By split and view."""

    def to_json(self) -> json_records.JsonObject:
        """Returns the content of NAME.json, in its order."""
        return {
            **json_records.to_json(dataclasses.replace(self, splits={})),
            "training": self.training.to_json(),
            "splits": {
                split: {view: _without_head(found) for view, found in views.items()}
                for split, views in self.splits.items()
            },
        }

    def write(self, path: Path) -> None:
        """Writes the file in one step."""
        files.write_json(path, self.to_json())


def without_curves(found: Evaluation) -> Evaluation:
    """Gives as much of an evaluation as a card needs.

    Args:
      found: Everything measured on a split.

    Returns:
      The same without its parts, subgroups, definitions and curves.
    """
    measured = found.measurements
    if measured is not None:
        calibrated = measured.calibrated and _numbers(measured.calibrated)
        measured = dataclasses.replace(measured, raw=_numbers(measured.raw), calibrated=calibrated)
    return dataclasses.replace(found, measurements=measured, parts={}, subgroups={}, definitions={})


def _numbers(found: ProbabilityMeasurements) -> ProbabilityMeasurements:
    none = ReliabilityBins((), (), ())
    curve = RiskCoverage((), (), ())
    return dataclasses.replace(found, bins=none, bins_equal_mass=none, risk_coverage=curve)


def read_released(path: Path) -> Released:
    """Reads what is known of weights, from the NAME.json beside them.

    Raises:
      InputError: If the file is not there or damaged.
    """
    return json_records.parse_json(_parse, path, mend="`gimefive weights ship` writes it anew")


def read_training_record(path: Path) -> TrainingRecord:
    """Reads how weights came about, from a NAME.json of this version or an earlier one.

    Raises:
      InputError: If the file is not there or damaged.
    """
    return json_records.read_json(
        _Trained, path, mend="ship the weights from their run folder"
    ).training


@dataclasses.dataclass(frozen=True)
class _Trained:
    training: TrainingRecord


def _parse(values: object) -> Released:
    # The file says once what every evaluation is of; each gets it back here.
    head = json_records.from_json(_Head, values)
    of_file = {"model": head.name, "weights_sha256": head.weights_sha256, "data": head.data}
    splits = {
        split: {view: {**of_file, "split": split, **measured} for view, measured in views.items()}
        for split, views in head.splits.items()
    }
    # `_Head` has been read, so these are named fields.
    return json_records.from_json(Released, {**dict(values), "splits": splits})  # type: ignore[call-overload]


def _without_head(found: Evaluation) -> json_records.JsonObject:
    return {name: value for name, value in found.to_json().items() if name not in _SAID_ABOVE}


@dataclasses.dataclass(frozen=True)
class _Head:
    """As much of the file as says what its evaluations are of."""

    name: str
    weights_sha256: str
    data: str
    splits: Mapping[str, Mapping[str, json_records.JsonObject]]
