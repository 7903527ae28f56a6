"""The table of a clip: a row for each face of each frame, as CSV, JSON lines or Parquet."""

import csv
import dataclasses
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from gimefive_jax import files
from gimefive_jax.errors import InputError
from gimefive_jax.faces import REGIONS, share_name
from gimefive_jax.predicting.scene import SceneFace
from gimefive_jax.video.smoothing import SmoothScores

SUFFIXES = (".csv", ".jsonl", ".parquet")
SMOOTHED = "smoothed_"
"""Before the name of a category: its score over time."""
_MEASURES = ("left", "top", "width", "height", "score")


def table_schema(categories: Sequence[str]) -> pa.Schema:
    """Gives names and types of the columns.

    Args:
      categories: Of the model, in its order.
    """
    numbers = (
        *categories,
        *(f"{SMOOTHED}{category}" for category in categories),
        *map(share_name, REGIONS),
    )
    return pa.schema(
        [
            pa.field("frame", pa.int64()),
            pa.field("time", pa.float64()),
            pa.field("track", pa.int64()),
            *(pa.field(name, pa.float32()) for name in _MEASURES),
            pa.field("predicted", pa.string()),
            pa.field("smoothed", pa.string()),
            *(pa.field(name, pa.float32()) for name in numbers),
        ]
    )


@dataclasses.dataclass(frozen=True, eq=False)
class ClipRow:
    """A face of a frame; a frame without one has a row that says no more."""

    frame: int
    """Number of the frame, from 0."""
    time: float
    """Of the frame, in seconds."""
    track: int | None = None
    face: SceneFace | None = None
    """As it was read in this frame alone."""
    smooth: SmoothScores | None = None
    """Its scores over time."""


def write_rows(path: Path, rows: Sequence[ClipRow], categories: Sequence[str]) -> None:
    """Writes some rows as Parquet in one step, to be joined later.

    Args:
      path: File to write.
      rows: In the order of the frames.
      categories: Of the model, in its order.
    """
    with files.replacing(path) as temporary:
        pq.write_table(_table(rows, categories), temporary)


def csv_text(rows: Sequence[ClipRow], categories: Sequence[str], *, header: bool = False) -> str:
    """Writes some rows as lines of the table in CSV.

    Args:
      rows: In the order of the frames.
      categories: Of the model, in its order.
      header: Whether the names of the columns stand before them.

    Returns:
      A line for each row.
    """
    table = _table(rows, categories)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(table.column_names)
    writer.writerows(zip(*map(_cells, table.columns), strict=True))
    return text.getvalue()


def _table(rows: Sequence[ClipRow], categories: Sequence[str]) -> pa.Table:
    schema = table_schema(categories)
    values = [_values_of(row, categories) for row in rows]
    return pa.table(
        [pa.array([row[i] for row in values], field.type) for i, field in enumerate(schema)],
        schema=schema,
    )


def _values_of(row: ClipRow, categories: Sequence[str]) -> list[int | float | str | None]:
    """A row's values in the order of `table_schema`."""
    begin = [row.frame, row.time, row.track]
    if row.face is None or row.smooth is None:
        return [*begin, *[None] * (len(table_schema(categories)) - len(begin))]
    face, box = row.face, row.face.box
    return [
        *begin,
        *(box.left, box.top, box.width, box.height, face.score),
        *(face.predicted, categories[row.smooth.category]),
        *face.probabilities.tolist(),
        *row.smooth.scores,
        *(face.shares.get(share_name(region)) for region in REGIONS),
    ]


def check_table_suffix(path: Path) -> None:
    """Checks that the suffix names a format.

    Raises:
      InputError: It does not.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path} must end in one of {', '.join(SUFFIXES)}, for its format")


def join_rows(parts: Sequence[Path], out: Path) -> None:
    """Joins rows to the table that users read, in one step and a part at a time.

    Args:
      parts: Files of `write_rows`, in order; at least one.
      out: File to write: `.csv`, where what is unknown is empty; `.jsonl`, a row per line; or
        `.parquet`.

    Raises:
      InputError: The suffix is another one.
    """
    check_table_suffix(out)
    writers: dict[str, Callable[[Sequence[Path], Path], None]] = {
        ".csv": _write_csv,
        ".jsonl": _write_json_lines,
        ".parquet": _write_parquet,
    }
    writers[out.suffix.lower()](parts, out)


def _write_csv(parts: Sequence[Path], out: Path) -> None:
    with files.replacing_text(out) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(pq.read_schema(parts[0]).names)
        for part in parts:
            writer.writerows(zip(*map(_cells, pq.read_table(part).columns), strict=True))


def _write_json_lines(parts: Sequence[Path], out: Path) -> None:
    with files.replacing_text(out) as file:
        for part in parts:
            table = pq.read_table(part)
            for row in zip(*map(_values, table.columns), strict=True):
                named = dict(zip(table.column_names, row, strict=True))
                file.write(json.dumps(named, allow_nan=False) + "\n")


def _write_parquet(parts: Sequence[Path], out: Path) -> None:
    with (
        files.replacing(out) as temporary,
        pq.ParquetWriter(temporary, pq.read_schema(parts[0])) as writer,
    ):
        for part in parts:
            writer.write_table(pq.read_table(part))


def _cells(column: pa.ChunkedArray) -> Iterator[str]:
    for value in _values(column):
        yield "" if value is None else str(value)


def _values(column: pa.ChunkedArray) -> Iterator[int | float | str | None]:
    """Numbers with as many digits as name them exactly, and no more."""
    digits = 9 if pa.types.is_float32(column.type) else 15
    for value in column.to_pylist():
        yield float(f"{value:.{digits}g}") if isinstance(value, float) else value
