"""Measured values of every face and map, as Parquet and as CSV."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gimefive_jax import files
from gimefive_jax.data import Split
from gimefive_jax.faithfulness import layout
from gimefive_jax.faithfulness.values import Answers, MapKey, ValueTable

if TYPE_CHECKING:
    import pyarrow

FACE_COLUMNS = ("index", "file_name", "label", "predicted", "correct", "probability")
MAP_COLUMNS = ("method", "layer")


def write_per_face(
    folder: Path, split: Split, answers: Answers, table: ValueTable, *, metrics: Sequence[str]
) -> None:
    """Writes `faithfulness.parquet` and `faithfulness.csv`: a row for each face and map.

    Faces on which nothing of a map was measured have no row of it; a single value that was not
    measured is null, in the CSV an empty cell.

    Args:
      folder: Where to.
      split: The faces.
      answers: What the network says of them.
      table: The values.
      metrics: Columns, in this order; those that no map has are left out.
    """
    # Imported here: Arrow takes a while to import, and few verbs need it.
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    arrow = pa.concat_tables(
        [_cells(key, split, answers, table, _measured(table, metrics)) for key in table.columns]
    )
    for suffix, write in (
        ("parquet", pyarrow.parquet.write_table),
        ("csv", pyarrow.csv.write_csv),
    ):
        path = folder / f"{layout.PER_FACE}.{suffix}"
        with files.replacing(path) as temporary, temporary.open("wb") as file:
            write(arrow, file)


def _measured(table: ValueTable, metrics: Sequence[str]) -> list[str]:
    known = {name for columns in table.columns.values() for name in columns}
    return [name for name in metrics if name in known]


def _cells(
    key: MapKey, split: Split, answers: Answers, table: ValueTable, metrics: Sequence[str]
) -> "pyarrow.Table":
    """Cells of all faces with a value of these maps."""
    import pyarrow as pa

    columns = table.columns[key]
    rows = np.flatnonzero(np.any([np.isfinite(values) for values in columns.values()], axis=0))
    missing = np.full(table.num_faces, np.nan)
    emotions = np.array(split.emotions)
    cells = {
        "index": split.index[rows].astype(np.int64),
        "file_name": [split.file_names[row] for row in rows],
        "label": emotions[answers.label[rows]].tolist(),
        "predicted": emotions[answers.predicted[rows]].tolist(),
        "correct": answers.correct[rows],
        "probability": answers.probability[rows].astype(np.float64),
        "method": [key.method] * len(rows),
        "layer": [key.layer] * len(rows),
        **{
            # Maps are float32, so more digits would say nothing.
            name: pa.array(columns.get(name, missing)[rows].astype(np.float32), from_pandas=True)
            for name in metrics
        },
    }
    return pa.table(cells)
