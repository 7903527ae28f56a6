import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.video.smoothing import SmoothScores
from gimefive_jax.video.table import (
    ClipRow,
    check_table_suffix,
    csv_text,
    join_rows,
    write_rows,
)
from tests.video.made_faces import CATEGORIES, made_face

_SMOOTH = SmoothScores((0.25, 0.5, 0.25), 1)
_ROWS = (
    ClipRow(0, 0.0, 1, made_face([0.7, 0.2, 0.1]), _SMOOTH),
    ClipRow(0, 0.0, 2, made_face([0.1, 0.2, 0.7], left=1 / 3), _SMOOTH),
    ClipRow(1, 0.04),
    ClipRow(2, 0.08, 1, made_face([0.7, 0.2, 0.1]), _SMOOTH),
)


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "0.parquet", tmp_path / "1.parquet"]
    write_rows(paths[0], _ROWS[:3], CATEGORIES)
    write_rows(paths[1], _ROWS[3:], CATEGORIES)
    return paths


def test_rows_as_text_are_those_of_the_file(parts: list[Path], tmp_path: Path) -> None:
    join_rows(parts, tmp_path / "out.csv")
    text = csv_text(_ROWS[:2], CATEGORIES, header=True) + csv_text(_ROWS[2:], CATEGORIES)
    assert text == (tmp_path / "out.csv").read_text()
    assert csv_text([], CATEGORIES) == ""


def test_all_formats_hold_the_same_rows(parts: list[Path], tmp_path: Path) -> None:
    for suffix in (".csv", ".jsonl", ".parquet"):
        join_rows(parts, tmp_path / f"out{suffix}")
    with (tmp_path / "out.csv").open(newline="") as file:
        as_text = list(csv.DictReader(file))
    as_json = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    as_parquet = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert len(as_text) == len(as_json) == len(as_parquet) == 4
    for text, plain, typed in zip(as_text, as_json, as_parquet, strict=True):
        assert list(text) == list(plain) == list(typed)
        for name, value in typed.items():
            assert text[name] == ("" if plain[name] is None else str(plain[name]))
            # Nine digits name a float32 exactly.
            same = np.float32(plain[name]) if isinstance(value, float) else plain[name]
            assert same == (np.float32(value) if isinstance(value, float) else value)


def test_a_row_says_frame_time_track_box_labels_scores_and_shares(
    parts: list[Path], tmp_path: Path
) -> None:
    join_rows(parts, tmp_path / "out.jsonl")
    first, second, empty, _ = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert (first["frame"], first["time"], first["track"]) == (0, 0.0, 1)
    assert [first[name] for name in ("left", "top", "width", "height")] == [10, 20, 30, 40]
    assert (first["predicted"], first["smoothed"]) == ("anger", "happiness")
    assert first["anger"] == 0.699999988  # float32, named exactly
    assert first["smoothed_happiness"] == 0.5
    assert first["share_mouth"] == pytest.approx(1 / 8, abs=0.2)
    assert second["left"] == 0.333333343
    assert (empty["frame"], empty["time"]) == (1, 0.04)
    assert {value for name, value in empty.items() if name not in ("frame", "time")} == {None}


def test_an_unknown_suffix_is_one_line_that_names_the_known() -> None:
    with pytest.raises(InputError, match=r"out.xlsx .*\.csv, \.jsonl, \.parquet"):
        check_table_suffix(Path("out.xlsx"))
