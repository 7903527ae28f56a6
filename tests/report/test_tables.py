import csv
from pathlib import Path

import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.report.tables import Column, Table, markdown, percent, text, write_tables

_TABLE = Table(
    (
        Column("name", is_text=True),
        Column("accuracy", "test", percent),
        Column("rate"),
        Column("reason", only_csv=True),
    ),
    (("a|b", 1 / 3, 1e-7 / 3, "why, then"), ("longer", None, 16, None)),
    title="Runs",
)


def test_a_person_sees_aligned_columns():
    assert text(_TABLE).splitlines() == [
        "Runs",
        "",
        "name      test         rate",
        "a|b     33.33%  3.33333e-08",
        "longer       -           16",
    ]


def test_markdown_escapes_what_would_end_a_cell():
    assert markdown(_TABLE).splitlines()[2:] == [
        "| name | test | rate |",
        "| --- | ---: | ---: |",
        "| a\\|b | 33.33% | 3.33333e-08 |",
        "| longer | - | 16 |",
    ]


def test_a_column_without_anything_in_it_is_for_machines_alone():
    columns = (Column("name", is_text=True), Column("accuracy"))
    assert text(Table(columns, (("a", None), ("b", None)))).splitlines() == ["name", "a", "b"]
    assert text(Table(columns, ())) == "name  accuracy"


def test_csv_keeps_every_digit_and_every_column(tmp_path: Path):
    write_tables(tmp_path / "out.csv", [_TABLE], machine=_TABLE)
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        first, second = csv.DictReader(file)
    assert float(first["accuracy"]) == 1 / 3
    assert float(first["rate"]) == 1e-7 / 3
    assert (first["reason"], second["accuracy"]) == ("why, then", "")


def test_another_suffix_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"must end in \.csv or \.md"):
        write_tables(tmp_path / "out.xlsx", [_TABLE], machine=_TABLE)
    assert not list(tmp_path.iterdir())
