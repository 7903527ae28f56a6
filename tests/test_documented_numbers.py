"""Numbers in documents are those of files that commands wrote.

To give a document a new number, write its sentence in `tests/documented.py` too.
"""

import re

import pytest

from gimefive_jax.report.reproduced import RowResult
from tests.documented import CLAIMS, OURS, ROOT, SMALL, Claim, one_line

# As far as every percentage of a document is a claim: whole, or up to a heading.
_COVERED = {"README.md": None, "docs/results.md": "## Duplicates in FER2013"}
_NOT_MEASURED = ("95 %",)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim.document}: {claim.filled}")
def test_a_number_in_a_document_is_that_of_its_file(claim: Claim):
    text = one_line((ROOT / claim.document).read_text(encoding="utf-8"))
    assert claim.filled in text, f"{claim.document} must say: {claim.filled}"


@pytest.mark.parametrize("document", _COVERED)
def test_no_percentage_stands_outside_a_claim(document: str):
    text = (ROOT / document).read_text(encoding="utf-8")
    heading = _COVERED[document]
    text = one_line(text if heading is None else text[: text.index(heading)])
    for claim in CLAIMS:
        if claim.document == document:
            text = text.replace(claim.filled, "")
    for words in _NOT_MEASURED:
        text = text.replace(words, "")
    assert re.findall(r"[^|.;:]*\d %[^|.;:]*", text) == []


def test_the_table_of_ours_and_the_card_measured_the_same_weights():
    for view, title in (("plain", "small"), ("flip", "small --flip")):
        row: RowResult = OURS.row("small", title=title)
        [run] = row.runs
        assert run.weights_sha256 == SMALL.weights_sha256
        for split, score in run.tests.items():
            found = SMALL.splits[split][view]
            assert (score.correct, score.count) == (found.correct, found.count)
            assert score.data_sha256 == found.data_sha256
