"""Everything measured on a split, as one frozen object that reads and writes `metrics.json`."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float

from gimefive_jax import files, json_records
from gimefive_jax.data import Split
from gimefive_jax.data.pictures import pictures_of
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation.calibration import CalibrationErrors, measure_calibration
from gimefive_jax.evaluation.corruptions.robustness import Robustness
from gimefive_jax.evaluation.measurements import Measurements, MeasureNote, NeutralFaces
from gimefive_jax.evaluation.measuring import measure_faces
from gimefive_jax.evaluation.metrics import Scores, measure
from gimefive_jax.evaluation.notes import NOTES
from gimefive_jax.evaluation.reference import ReferenceEvaluation
from gimefive_jax.evaluation.subgroups import find_subgroups
from gimefive_jax.readout import PLAIN, Readout
from gimefive_jax.runs.run_folder import METRICS_FILE
from gimefive_jax.scaling import Scaling

# First in the file: what was measured, and how.
_HEAD = ("model", "weights_sha256", "data", "split", "data_sha256", "flip", "reference", "command")
# Left out of the file where they hold nothing.
_OPTIONAL = (
    "reference", "command", "measurements", "parts", "subgroups", "neutral", "robustness",
    "definitions",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Calibration:
    """Calibration errors as the network says it, and as calibrated."""

    scaling: Scaling
    """The plain softmax where none was fitted."""
    source: str | None
    """Where it comes from, in words; None where there is none."""
    before: CalibrationErrors
    """Of the softmax of the logits."""
    after: CalibrationErrors
    """Of `scaling`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evaluation(Scores):
    """Everything measured on a split, and of which model; the content of `metrics.json`.

    Example:
      >>> import gimefive_jax
      >>> evaluation = gimefive_jax.load("small").evaluate("test")  # doctest: +SKIP
      >>> evaluation.accuracy, evaluation.per_class["fear"].recall  # doctest: +SKIP
      (0.711690496215307, 0.3818359375)
    """

    model: str = ""
    """Name of the model; empty in files written before results said whose they are."""
    weights_sha256: str = ""
    """Over names, types, shapes and bytes of its variables."""
    data: str
    """Data set and variant, such as `fer2013/six`."""
    split: str
    data_sha256: str
    """Over pixels and labels of the split."""
    flip: bool = False
    """Whether probabilities are averaged over a face and its mirror image."""
    calibration: Calibration | None = None
    """None in files written before calibration was measured."""
    command: str = ""
    """What a user types to measure this again; empty where Python did."""
    measurements: Measurements | None = None
    """Of all faces; None in files written before numbers had intervals."""
    parts: Mapping[str, Measurements] = dataclasses.field(default_factory=dict)
    """The same of the splits that are lists of this one's faces, such as `test_deduplicated`."""
    subgroups: Mapping[str, Mapping[str, Measurements]] = dataclasses.field(default_factory=dict)
    """The same by attribute of the data and its value; empty where the data has none."""
    neutral: NeutralFaces | None = None
    """None where no neutral faces were at hand, or the model has that category."""
    robustness: Robustness | None = None
    """None where no face was corrupted."""
    definitions: Mapping[str, MeasureNote] = dataclasses.field(default_factory=dict)
    """What each number of the measurements means, by name."""

    def __post_init__(self) -> None:
        """Refuse what can only come from a damaged file."""
        if not 0 <= self.accuracy <= 1:
            raise ValueError(f"accuracy {self.accuracy} is no share")

    @property
    def readout(self) -> Readout:
        """How the logits became probabilities."""
        if self.calibration is None:
            return Readout(self.flip)
        return Readout(self.flip, self.calibration.scaling, self.calibration.source or "")

    def to_json(self) -> json_records.JsonObject:
        """Returns the content of `metrics.json`, in its order."""
        values = {
            name: value
            for name, value in json_records.to_json(self).items()
            if value or name not in _OPTIONAL
        }
        return {name: values[name] for name in (*_HEAD, *values) if name in values}

    @classmethod
    def from_json(cls, values: object) -> "Evaluation":
        """Makes the evaluation that `values` were written from.

        Args:
          values: Content of a `metrics.json`, also of earlier versions.

        Raises:
          ValueError: Names the field that is missing, or whose value is none.
        """
        return json_records.from_json(cls, _with_scaling(values))

    def write(self, folder: Path) -> None:
        """Writes `metrics.json` to `folder`."""
        files.write_json(folder / METRICS_FILE, self.to_json())


def read_evaluation(path: Path) -> Evaluation:
    """Reads the evaluation in a folder that `gimefive evaluate` wrote.

    Args:
      path: The folder, or the `metrics.json` in it.

    Raises:
      InputError: If there is none, or it is damaged; names the file and the field.
    """
    path = path / METRICS_FILE if path.is_dir() else path
    return json_records.parse_json(
        Evaluation.from_json, path, mend="`gimefive evaluate` measures the model anew"
    )


def _with_scaling(values: object) -> object:
    """The same, if they are of a version whose one way to calibrate was a temperature."""
    if not isinstance(values, dict) or not isinstance(found := values.get("calibration"), dict):
        return values
    if "temperature" not in found:
        return values
    scaling = {"kind": "temperature", "parameters": [found["temperature"]]}
    source = found.get("temperature_source")
    return {**values, "calibration": {**found, "scaling": scaling, "source": source}}


def evaluate_logits(
    split: Split,
    logits: Float[np.ndarray, "face emotion"],
    *,
    model_name: str,
    weights_sha256: str,
    reference: ReferenceEvaluation | None = None,
    readout: Readout = PLAIN,
    command: str = "",
    neutral: NeutralFaces | None = None,
    robustness: Robustness | None = None,
) -> Evaluation:
    """Measures the logits of a split against its labels.

    Args:
      split: The faces, whose labels are the truth.
      logits: Of every face in the split's order, `[face, emotion]`, as the network gave them or
        averaged over views.
      model_name: Whose logits they are.
      weights_sha256: Of its variables.
      reference: Where the paper's reference is followed: its loss is a mean of batch means.
      readout: How the logits become probabilities.
      command: What a user types to get the same.
      neutral: What was measured on neutral faces, where there are such.
      robustness: Accuracy under corruptions where it was measured.

    Returns:
      Everything measured, raw and calibrated, of all faces, of the split's parts and of subgroups.

    Raises:
      InputError: If the split has no face.
    """
    if not len(split):
        raise InputError(f"{split.data_name} {split.name} has no face; nothing can be measured")
    scores = measure(logits, split.labels, reference=reference).compute(split.emotions)
    everyone = np.ones(len(split), np.bool_)
    return Evaluation(
        **vars(scores),
        model=model_name,
        weights_sha256=weights_sha256,
        data=split.data_name,
        split=split.name,
        data_sha256=split.digest,
        flip=readout.flip,
        calibration=Calibration(
            scaling=readout.scaling,
            source=readout.source or None,
            before=measure_calibration(logits, split.labels),
            after=measure_calibration(logits, split.labels, readout=readout),
        ),
        command=command,
        measurements=_measure_rows(split, logits, everyone, readout),
        parts={
            name: _measure_rows(split, logits, rows, readout)
            for name, rows in split.parts.items()
            if len(rows)
        },
        subgroups={
            attribute: {
                value: _measure_rows(split, logits, rows, readout) for value, rows in groups.items()
            }
            for attribute, groups in find_subgroups(split).items()
        },
        neutral=neutral,
        robustness=robustness,
        definitions=NOTES,
    )


def _measure_rows(
    split: Split,
    logits: Float[np.ndarray, "face emotion"],
    rows: np.ndarray,
    readout: Readout,
) -> Measurements:
    return measure_faces(
        logits[rows],
        split.labels[rows],
        emotions=split.emotions,
        readout=readout,
        pictures=pictures_of(split)[rows],
    )
