"""Accuracy under corruptions as a table."""

import csv
from pathlib import Path

from gimefive_jax import files
from gimefive_jax.evaluation.corruptions.robustness import Robustness

_COLUMNS = (
    "corruption",
    "unit",
    "strength",
    "faces",
    "accuracy",
    "accuracy_low_95",
    "accuracy_high_95",
    "confidence",
    "relative_drop",
)


def write_corruptions(path: Path, found: Robustness) -> None:
    """Writes a row for each corruption and strength; the first is of the faces as they are.

    Args:
      path: The CSV file.
      found: What was measured.
    """
    clean = (found.accuracy, *found.accuracy_interval_95, found.confidence, 0.0)
    rows = [("none", "", "", found.count, *clean)]
    for curve in found.curves:
        for one in curve.scores:
            scores = (one.accuracy, *one.accuracy_interval_95, one.confidence, one.relative_drop)
            rows.append((curve.name, curve.unit, f"{one.strength:g}", found.count, *scores))
    with files.replacing_text(path) as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        writer.writerows(rows)
