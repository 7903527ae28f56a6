"""The log of a run: a row for each evaluation, and what the rows say about its training."""

import csv
import dataclasses
import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from gimefive_jax import files
from gimefive_jax.config import TrainingConfig
from gimefive_jax.errors import InputError

TrainingState = Literal["finished", "stopped early", "unfinished"]
ENDED: tuple[TrainingState, ...] = ("finished", "stopped early")
"""States of a run that another call of `train` would leave as it is."""


@dataclasses.dataclass(frozen=True)
class LogRow:
    """One evaluation on the validation split; losses in nats, accuracies as shares."""

    step: int
    epoch: float
    learning_rate: float
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    images_per_second: float


FIELDS = tuple(field.name for field in dataclasses.fields(LogRow))


class RunLog:
    """The rows of a log file, which is written whole at each evaluation.

    Args:
      path: The file.
      step: Rows beyond this step are dropped, because the run will compute them again.

    Raises:
      InputError: The file is damaged.
    """

    def __init__(self, path: Path, *, step: int) -> None:
        self.path = path
        self.rows = [row for row in read_rows(path) if row.step <= step]

    def append(self, row: LogRow) -> None:
        """Adds a row to the file."""
        self.rows.append(row)
        with (
            files.replacing(self.path) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.writer(file)
            writer.writerow(FIELDS)
            writer.writerows(_format(row) for row in self.rows)


def read_rows(path: Path) -> list[LogRow]:
    """Reads a log file.

    Args:
      path: The file.

    Returns:
      Its rows; an empty list where there is no file.

    Raises:
      InputError: The file is damaged.
    """
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        try:
            if tuple(reader.fieldnames or ()) != FIELDS:
                raise ValueError(f"its columns must be {', '.join(FIELDS)}")
            return [_parse(row) for row in reader]
        except (ValueError, TypeError) as error:
            raise InputError(
                f"{path} is damaged ({error}); move it away and the run goes on without its rows"
            ) from error


def best_row(rows: Sequence[LogRow]) -> LogRow | None:
    """Finds the first row with the best validation accuracy; None without rows."""
    # Training compares in float32, and keeps the first of equals.
    return max(rows, key=lambda row: np.float32(row.validation_accuracy), default=None)


def num_epochs(rows: Sequence[LogRow]) -> int:
    """Counts the complete passes over the train split."""
    # Steps over steps per epoch: a hair under the whole number where neither divides the other.
    return math.floor(rows[-1].epoch + 1e-6) if rows else 0


def median_speed(rows: Sequence[LogRow]) -> float | None:
    """Median speed of training over the epochs; None without rows."""
    return statistics.median(row.images_per_second for row in rows) if rows else None


def minutes(rows: Sequence[LogRow], *, batch_size: int) -> float | None:
    """Minutes spent in training steps by the log's speeds, without evaluation and compilation."""
    if not rows:
        return None
    steps = np.diff([0, *(row.step for row in rows)])
    speeds = np.array([row.images_per_second for row in rows])
    return float((steps * batch_size / speeds).sum() / 60)


def training_state(rows: Sequence[LogRow], training: TrainingConfig) -> TrainingState:
    """Says whether training has ended, and how.

    Args:
      rows: The log of the run.
      training: Its settings.

    Returns:
      `finished` after all epochs, `stopped early` where its patience ended, else `unfinished`.
    """
    best = best_row(rows)
    if best is None:
        return "unfinished"
    if num_epochs(rows) >= training.num_epochs:
        return "finished"
    waited = len(rows) - 1 - list(rows).index(best)
    return "stopped early" if training.patience and waited >= training.patience else "unfinished"


def _parse(row: dict[str, str]) -> LogRow:
    step = int(row["step"])
    return LogRow(step, *(float(row[name]) for name in FIELDS[1:]))


def _format(row: LogRow) -> list[str]:
    # repr keeps every digit, so that a resumed run writes the same rows again.
    return [repr(value) for value in dataclasses.astuple(row)]
