"""What a model says of every face of a split: predictions.csv, the same as Parquet, and scores."""

import csv
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float, Int

from gimefive_jax import files
from gimefive_jax.data import Split
from gimefive_jax.errors import InputError
from gimefive_jax.readout import PLAIN, Readout

PREDICTIONS, PREDICTIONS_TABLE = "predictions.csv", "predictions.parquet"
SCORES = "classification_scores.csv"
_LOGIT, _RAW, _CALIBRATED = "logit:", "raw:", "calibrated:"
_MEND = "`gimefive evaluate` writes it anew"


@dataclasses.dataclass(frozen=True, eq=False)
class FacePredictions:
    """A row for each face of a split, in its order."""

    emotions: tuple[str, ...]
    """Names of the categories, in the order of columns."""
    index: Int[np.ndarray, " face"]
    """Row in the split."""
    file_names: tuple[str, ...]
    labels: Int[np.ndarray, " face"]
    predicted: Int[np.ndarray, " face"]
    logits: Float[np.ndarray, "face emotion"]
    """As the network gave them."""
    raw: Float[np.ndarray, "face emotion"]
    """Probabilities: softmax of the logits."""
    calibrated: Float[np.ndarray, "face emotion"] | None
    """Calibrated probabilities; None where the model carries no calibration."""

    @property
    def shown(self) -> Float[np.ndarray, "face emotion"]:
        """The probabilities that users of the model see."""
        return self.raw if self.calibrated is None else self.calibrated


def make_predictions(
    split: Split, logits: Float[np.ndarray, "face emotion"], *, readout: Readout = PLAIN
) -> FacePredictions:
    """Joins the faces of a split to what a model says of them.

    Args:
      split: The faces.
      logits: Of every face in the split's order, `[face, emotion]`.
      readout: How the logits become probabilities.

    Returns:
      A row for each face.
    """
    return FacePredictions(
        emotions=split.emotions,
        index=split.index,
        file_names=tuple(split.file_names),
        labels=np.asarray(split.labels, np.int64),
        predicted=logits.argmax(1),
        logits=logits,
        raw=PLAIN.probabilities(logits),
        calibrated=readout.probabilities(logits) if readout.is_calibrated else None,
    )


def write_predictions(path: Path, predictions: FacePredictions) -> None:
    """Writes the rows as CSV: index, file_name, label, predicted, then a column per number.

    Columns of numbers are `logit:CATEGORY`, `raw:CATEGORY` and, where the model is calibrated,
    `calibrated:CATEGORY`.

    Args:
      path: The CSV file.
      predictions: What it holds.
    """
    table = _table(predictions)
    columns = [_cells(column) for column in table.columns]
    with files.replacing_text(path) as file:
        writer = csv.writer(file)
        writer.writerow(table.column_names)
        writer.writerows(zip(*columns, strict=True))


def write_predictions_table(path: Path, predictions: FacePredictions) -> None:
    """Writes the same columns as Parquet.

    Args:
      path: The Parquet file.
      predictions: What it holds.
    """
    with files.replacing(path) as temporary:
        pq.write_table(_table(predictions), temporary)


def write_scores(path: Path, predictions: FacePredictions) -> None:
    """Writes the scores in the form of the paper: `filepath`, then a probability per category.

    Args:
      path: The CSV file.
      predictions: Whose shown probabilities are written, calibrated where there are such.
    """
    with files.replacing_text(path) as file:
        writer = csv.writer(file)
        writer.writerow(["filepath", *predictions.emotions])
        for name, shares in zip(predictions.file_names, predictions.shown, strict=True):
            writer.writerow([name, *(f"{share:.9g}" for share in shares)])


def read_predictions(path: Path) -> FacePredictions:
    """Reads the rows that `write_predictions` wrote.

    Args:
      path: The CSV file, or the results folder that it lies in.

    Returns:
      The rows.

    Raises:
      InputError: If there is no such file, or it is damaged; names the file.
    """
    path = path / PREDICTIONS if path.is_dir() else path
    try:
        with path.open(newline="", encoding="utf-8") as file:
            head, *rows = csv.reader(file)
        return _from_columns(dict(zip(head, zip(*rows, strict=True), strict=True)))
    except FileNotFoundError as error:
        raise InputError(f"no file {path}; {_MEND}") from error
    except (ValueError, KeyError) as error:
        raise InputError(f"{path} is a damaged file ({error}); {_MEND}") from error


def _from_columns(columns: dict[str, Sequence[str]]) -> FacePredictions:
    emotions = tuple(name.removeprefix(_LOGIT) for name in columns if name.startswith(_LOGIT))

    def numbers(prefix: str) -> Float[np.ndarray, "face emotion"]:
        return np.array([columns[f"{prefix}{emotion}"] for emotion in emotions], float).T

    def labels(name: str) -> Int[np.ndarray, " face"]:
        return np.array([emotions.index(word) for word in columns[name]], np.int64)

    return FacePredictions(
        emotions=emotions,
        index=np.array(columns["index"], np.int64),
        file_names=tuple(columns["file_name"]),
        labels=labels("label"),
        predicted=labels("predicted"),
        logits=numbers(_LOGIT),
        raw=numbers(_RAW),
        calibrated=(numbers(_CALIBRATED) if f"{_CALIBRATED}{emotions[0]}" in columns else None),
    )


def _table(predictions: FacePredictions) -> pa.Table:
    names = np.array(predictions.emotions, object)
    numbers = {_LOGIT: predictions.logits, _RAW: predictions.raw}
    if predictions.calibrated is not None:
        numbers[_CALIBRATED] = predictions.calibrated
    return pa.table(
        {
            "index": pa.array(predictions.index, pa.int64()),
            "file_name": pa.array(predictions.file_names, pa.string()),
            "label": pa.array(names[predictions.labels], pa.string()),
            "predicted": pa.array(names[predictions.predicted], pa.string()),
            **{
                f"{prefix}{emotion}": pa.array(column)
                for prefix, values in numbers.items()
                for emotion, column in zip(predictions.emotions, values.T, strict=True)
            },
        }
    )


def _cells(column: pa.ChunkedArray) -> list[str]:
    values = column.to_pylist()
    if pa.types.is_floating(column.type):
        # Nine significant digits name a float32 exactly.
        return [f"{value:.9g}" for value in values]
    return [str(value) for value in values]
