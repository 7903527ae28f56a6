"""`metrics.csv` of a run folder."""

import csv
import dataclasses
from pathlib import Path

from gimefive_jax import files
from gimefive_jax.errors import InputError


@dataclasses.dataclass(frozen=True)
class LogRow:
    """One evaluation; losses in nats, accuracies as shares."""

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
    """The rows of `metrics.csv`, rewritten whole at each evaluation."""

    def __init__(self, folder: Path, *, step: int) -> None:
        self.path = folder / "metrics.csv"
        # Rows beyond the restored step will be lived through again.
        self.rows = [row for row in read_rows(self.path) if row.step <= step]

    def append(self, row: LogRow) -> None:
        """Add `row` to the file."""
        self.rows.append(row)
        with files.replacing_text(self.path) as file:
            writer = csv.writer(file)
            writer.writerow(FIELDS)
            writer.writerows(_format(row) for row in self.rows)


def read_rows(path: Path) -> list[LogRow]:
    """Rows of a `metrics.csv`, none where there is no file; InputError for a damaged one."""
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


def _parse(row: dict[str, str]) -> LogRow:
    step = int(row["step"])
    return LogRow(step, *(float(row[name]) for name in FIELDS[1:]))


def _format(row: LogRow) -> list[str]:
    # repr keeps every digit, so that a resumed run writes the same rows again.
    return [repr(value) for value in dataclasses.astuple(row)]
