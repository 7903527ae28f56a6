import csv
import io
from pathlib import Path

import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.live.rows import PrintedRows, Table
from gimefive_jax.live.watching import watch
from tests.live.made_up import EMOTIONS
from tests.live.made_up_faces import OneFace, frames_of, interrupted_by


def test_printed_rows_are_csv_with_a_row_for_each_face():
    file = io.StringIO()
    watch(frames_of(0.0, 0.1, 0.2), OneFace(), [PrintedRows(file.write, EMOTIONS)])
    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert [(row["frame"], row["track"], row["predicted"]) for row in rows] == [
        ("1", "3", "happiness"),
        ("2", "3", "happiness"),
    ]
    assert float(rows[0]["happiness"]) == pytest.approx(0.7)
    assert [row["time"] for row in rows] == ["0.1", "0.2"]


def test_a_table_has_what_is_printed_and_a_row_for_frames_without_a_face(tmp_path: Path):
    file, out = io.StringIO(), tmp_path / "faces.csv"
    sinks = [PrintedRows(file.write, EMOTIONS), Table(out, EMOTIONS)]
    watch(frames_of(0.0, 0.1, 0.2), OneFace(), sinks)
    header, empty, *rows = out.read_text().splitlines()
    assert [header, *rows] == file.getvalue().splitlines()
    assert empty.startswith("0,0.0,")
    assert set(empty[6:]) == {","}


def test_a_table_is_whole_after_an_interruption_and_missing_after_a_fault(tmp_path: Path):
    for error in (KeyboardInterrupt(), RuntimeError()):
        out = tmp_path / f"{type(error).__name__}.csv"
        with pytest.raises(type(error)):
            watch(interrupted_by(error, frames_of(0.0, 0.1)), OneFace(), [Table(out, EMOTIONS)])
    assert [path.name for path in tmp_path.iterdir()] == ["KeyboardInterrupt.csv"]


def test_a_table_of_an_unknown_format_is_refused_at_once(tmp_path: Path):
    with pytest.raises(InputError, match=r"\.parquet"):
        Table(tmp_path / "faces.txt", EMOTIONS)
