"""`metrics.csv`, `curves.png` and `environment.json` of a run folder."""

import csv
import dataclasses
import importlib.metadata
import platform
from pathlib import Path

import jax

from gimefive_jax import files

PACKAGES = ("gimefive-jax", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "pillow")


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
        with files.replacing(self.path) as temporary, temporary.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(FIELDS)
            writer.writerows(_format(row) for row in self.rows)


def read_rows(path: Path) -> list[LogRow]:
    """Rows of a `metrics.csv`; none where there is no file."""
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return [
            LogRow(**{name: field.type(row[name]) for name, field in _FIELDS.items()})  # type: ignore[operator]
            for row in csv.DictReader(file)
        ]


def write_environment(folder: Path, *, data: dict[str, str]) -> None:
    """Versions, devices and the sha256 of each split's content."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    files.write_json(
        folder / "environment.json",
        {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "packages": versions,
            "devices": [str(device) for device in jax.devices()],
            "data_sha256": data,
        },
    )


_FIELDS = {field.name: field for field in dataclasses.fields(LogRow)}


def _format(row: LogRow) -> list[str]:
    # repr keeps every digit, so that a resumed run writes the same rows again.
    return [repr(value) for value in dataclasses.astuple(row)]
