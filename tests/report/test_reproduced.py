"""Rows of reproduced results: their state, their sums, their files and their page."""

import csv
import dataclasses
import re
from pathlib import Path

import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.report.reproduced import (
    TABLE,
    MeasuredRun,
    Reproduction,
    RowResult,
    SplitScore,
    read_reproduction,
    replace_rows,
)
from gimefive_jax.report.reproduced_page import render_reproduced_page
from gimefive_jax.report.reproduced_tables import points, write_reproduced
from gimefive_jax.statistics import wilson_interval

_COMMAND = "gimefive reproduce paper --row gimefive --data fer2013"


def _run(seed: int, correct: int, *, state: str = "finished") -> MeasuredRun:
    tests = {
        "test": SplitScore(1000, correct, correct / 2000, "a" * 64),
        "test_deduplicated": SplitScore(900, correct - 100, 0.5, "b" * 64),
    }
    return MeasuredRun(seed, f"runs/{seed}", state, epochs=3, num_epochs=80, tests=tests)


def _row(*runs: MeasuredRun, num_seeds: int = 1) -> RowResult:
    return RowResult(
        name="gimefive",
        title="gimefive",
        folder="fer2013-gimefive",
        data="fer2013/six",
        data_title="FER2013",
        command=_COMMAND,
        paper_accuracy=0.675,
        num_seeds=num_seeds,
        runs=runs,
    )


def test_accuracy_is_the_mean_over_runs_with_wilsons_interval_over_faces():
    found = _row(_run(0, 600), _run(1, 640), num_seeds=2).summary("test")
    assert found is not None
    assert found.accuracy == pytest.approx(0.62)
    assert found.interval_95 == wilson_interval(620, 1000)
    assert found.deviation == pytest.approx(0.04 / 2**0.5)
    assert (found.count, found.num_runs) == (1000, 2)
    assert found.balanced_accuracy == pytest.approx(0.31)


def test_the_difference_is_of_the_official_test():
    difference = _row(_run(0, 600)).difference
    assert difference == pytest.approx(-0.075)
    assert points(difference) == "-7.50"
    assert dataclasses.replace(_row(_run(0, 600)), paper_accuracy=None).difference is None
    assert _row().difference is None


def test_the_state_of_a_row_says_how_far_it_is():
    assert _row().state == "waiting"
    assert dataclasses.replace(_row(), prepare="do this").state == "data missing"
    assert _row(_run(0, 600)).state == "measured"
    assert _row(_run(0, 600), num_seeds=2).state == "unfinished"
    assert _row(_run(0, 600, state="unfinished")).state == "unfinished"
    assert _row(MeasuredRun(0, "runs/0", "failed", reason="no number")).state == "failed"
    assert _row(MeasuredRun(0, "small", "shipped", tests=_run(0, 600).tests)).state == "measured"


def test_a_table_is_read_back_as_it_was_written(tmp_path: Path):
    found = Reproduction("paper", (_row(_run(0, 600)), dataclasses.replace(_row(), folder="b")))
    write_reproduced(tmp_path, found)
    assert read_reproduction(tmp_path) == read_reproduction(tmp_path / TABLE) == found


def test_a_damaged_table_is_one_line(tmp_path: Path):
    (tmp_path / TABLE).write_text('{"table": "paper", "rows": 3}')
    with pytest.raises(InputError, match=rf"{TABLE} is a damaged file .*rows"):
        read_reproduction(tmp_path)


def test_the_csv_has_every_digit_the_command_and_what_to_prepare(tmp_path: Path):
    missing = dataclasses.replace(_row(), folder="b", prepare="`gimefive data prepare raf_db`")
    write_reproduced(tmp_path, Reproduction("paper", (_row(_run(0, 601)), missing)))
    with (tmp_path / "table.csv").open(newline="", encoding="utf-8") as file:
        first, second = csv.DictReader(file)
    assert (first["test_accuracy"], first["test_deduplicated_accuracy"]) == (
        "0.601",
        repr(501 / 900),
    )
    assert float(first["test_low"]) < 0.601 < float(first["test_high"])
    assert float(first["difference"]) == pytest.approx(0.601 - 0.675)
    assert (first["paper_accuracy"], first["command"]) == ("0.675", _COMMAND)
    assert (second["state"], second["prepare"]) == ("data missing", missing.prepare)
    assert second["test_accuracy"] == ""


def test_the_markdown_tells_rows_runs_missing_data_and_commands(tmp_path: Path):
    unfinished = _row(_run(0, 600, state="unfinished"))
    missing = dataclasses.replace(_row(), data_title="RAF-DB", folder="b", prepare="prepare it so")
    write_reproduced(tmp_path, Reproduction("paper", (unfinished, missing)))
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert re.search(r"\| FER2013 \| gimefive \| unfinished .*3 of 80 \| 60\.00%.*-7\.50", text)
    assert "| RAF-DB | prepare it so |" in text
    assert _COMMAND in text


def test_rows_are_replaced_in_their_place():
    one, other = _row(), dataclasses.replace(_row(), folder="b")
    new = dataclasses.replace(one, num_seeds=3)
    assert replace_rows((one, other), [new]) == (new, other)


def test_a_row_is_found_by_name_data_and_title():
    plain = dataclasses.replace(_row(), name="small", title="small")
    flip = dataclasses.replace(plain, title="small --flip", folder="b")
    found = Reproduction("ours", (plain, flip))
    assert found.row("small") is plain
    assert found.row("small", data="fer2013", title="small --flip") is flip
    with pytest.raises(KeyError, match="raf_db"):
        found.row("small", data="raf_db")


def test_the_page_needs_nothing_else_and_escapes_what_it_shows():
    failed = MeasuredRun(0, "runs/<b>", "failed", reason="<script>alert(1)</script>")
    page = render_reproduced_page(
        Reproduction("paper", (_row(_run(0, 600)), dataclasses.replace(_row(failed), folder="b")))
    )
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    assert "60.00%" in page
    assert "Not prepared here" not in page
    assert "-7.50" in page


def test_the_page_says_at_missing_data_what_to_prepare():
    missing = dataclasses.replace(_row(), data_title="RAF-DB", folder="b", prepare="prepare it so")
    page = render_reproduced_page(Reproduction("paper", (_row(), missing)))
    assert page.index("<h2>FER2013</h2>") < page.index("<h2>RAF-DB</h2>")
    assert "prepare it so" in page[page.index("<h2>RAF-DB</h2>") :]
