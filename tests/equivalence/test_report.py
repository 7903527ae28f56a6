"""`docs/equivalence.md` states what holds, of every model and every rung; needs no torch."""

from pathlib import Path

import pytest

from tests.equivalence.case import NARROW_CASES, TABLE_CASES, Case
from tests.equivalence.report import DOCUMENT, Report, claims, is_of_its_class
from tests.equivalence.rungs import TOLERANCE


@pytest.mark.parametrize("stated", [*NARROW_CASES, *TABLE_CASES], ids=str)
def test_the_document_states_every_rung_within_its_tolerance(stated: Case):
    found = claims(DOCUMENT.read_text())[stated]
    # Ten steps are taken at narrow width alone.
    assert set(TOLERANCE) - set(found) <= ({"ten steps"} if stated in TABLE_CASES else set())
    assert not {rung for rung, difference in found.items() if difference >= TOLERANCE[rung]}


def test_what_is_written_is_read_again(tmp_path: Path):
    path, report = tmp_path / "document.md", Report()
    path.write_text(DOCUMENT.read_text())
    report.note(TABLE_CASES[0], "logits", 1.5e-7)
    report.note(NARROW_CASES[1], "loss", 0.0)
    report.note_memory(NARROW_CASES[1])
    report.write(path)
    assert claims(path.read_text()) == {
        TABLE_CASES[0]: {"logits": 1.5e-7},
        NARROW_CASES[1]: {"loss": 0.0},
    }
    before, after = (
        text.partition("<!-- measured: begin -->")[0]
        for text in (DOCUMENT.read_text(), path.read_text())
    )
    assert before == after


def test_a_difference_ten_times_as_large_is_of_another_class():
    assert is_of_its_class("logits", 9e-7, 3e-7)
    assert is_of_its_class("loss", 5e-8, 0.0)
    assert not is_of_its_class("logits", 4e-6, 3e-7)
