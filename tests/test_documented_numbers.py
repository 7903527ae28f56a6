"""Numbers in documents are those of files that commands wrote.

A claim is a sentence of a document, with places that a committed file fills. To give a document a
new number, write its sentence here too.
"""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from gimefive_jax.evaluation import Evaluation, read_evaluation
from gimefive_jax.interop.shipped import shipped_numbers
from gimefive_jax.models import ARCHITECTURES
from gimefive_jax.report.released import read_released
from gimefive_jax.report.reproduced import RowResult, read_reproduction

_ROOT = Path(__file__).parent.parent
_RESULTS = _ROOT / "benchmarks/results"
_OURS = read_reproduction(_RESULTS / "reproduce/ours/table.json")
_SMALL = read_released(shipped_numbers("small"))
Numbers = Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Claim:
    """A sentence of a document, whose places are filled with numbers of a file."""

    document: str
    sentence: str
    numbers: Numbers

    @property
    def filled(self) -> str:
        return _one_line(self.sentence.format(**self.numbers))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _percent(share: float, digits: int = 2) -> str:
    return f"{100 * share:.{digits}f}"


def _row(name: str, split: str, *, title: str = "", digits: int = 2) -> Numbers:
    """Of a row of `gimefive reproduce ours`: means over its runs, and each run by its seed."""
    row = _OURS.row(name, title=title)
    found = row.summary(split)
    assert row.state == "measured"
    assert found is not None
    accuracies = [run.tests[split].accuracy for run in row.runs]
    return {
        "faces": f"{found.count:,}",
        "accuracy": _percent(found.accuracy, digits),
        "low": _percent(found.interval_95[0]),
        "high": _percent(found.interval_95[1]),
        "balanced": _percent(found.balanced_accuracy),
        "least": _percent(min(accuracies)),
        "most": _percent(max(accuracies)),
        **{f"seed{i}": _percent(accuracy, digits) for i, accuracy in enumerate(accuracies)},
    }


def _evaluated(found: Evaluation) -> Numbers:
    """Of an evaluation, as `gimefive evaluate` writes it to metrics.json."""
    return {
        "faces": f"{found.count:,}",
        "accuracy": _percent(found.accuracy),
        "low": _percent(found.accuracy_interval_95[0]),
        "high": _percent(found.accuracy_interval_95[1]),
        "balanced": _percent(found.balanced_accuracy),
        "majority": _percent(found.majority_share),
        "absent": f"{found.count - _SMALL.splits['test_deduplicated']['plain'].count:,}",
        **{
            f"{emotion}_found": f"{round((score.recall or 0.0) * score.support):,}"
            for emotion, score in found.per_class.items()
        },
        **{f"{emotion}_faces": f"{of.support:,}" for emotion, of in found.per_class.items()},
    }


def _two_recipes(recipe: str) -> Numbers:
    """Of the table of means in recipes.md, which a script that is gone printed."""
    text = (_RESULTS / "recipes.md").read_text(encoding="utf-8")
    [cells] = re.findall(rf"^\| {recipe} \|((?: [^|]* ± [^|]* \|| \d+ \|)+)$", text, re.M)
    validation, official, deduplicated = (cell.strip() for cell in cells.split("|")[3:6])
    return {"validation": validation, "official": official, "deduplicated": deduplicated}


def _paper(name: str) -> Numbers:
    return {"paper": f"{ARCHITECTURES[name].paper_accuracy['FER2013']:.1f}"}


_TEST = _evaluated(_SMALL.splits["test"]["plain"])
_KEPT = {"validation": _percent(_SMALL.training.validation_accuracy or 0.0)}
_INTERVAL = " {faces} | {accuracy} % | {low} to {high} | {balanced} % |"
_SEEDS = " {faces} | {accuracy} % | seeds {least} to {most} | {balanced} % |"
_BEFORE = _RESULTS / "fer2013_modern_width025"
_IN_BOTH = tuple(
    Claim(document, sentence, numbers)
    for document in ("README.md", "docs/results.md")
    for sentence, numbers in (
        (
            "| `small`: GiMeFive, width 0.5 (2.62 M parameters) | FER2013, six categories "
            f"| test (official) |{_INTERVAL}",
            _row("small", "test", title="small"),
        ),
        (
            f"| `small`, `--flip` | | test (official) |{_INTERVAL}",
            _row("small", "test", title="small --flip"),
        ),
        (
            f"| `small` | | test_deduplicated |{_INTERVAL}",
            _row("small", "test_deduplicated", title="small"),
        ),
        (
            f"| `small`, `--flip` | | test_deduplicated |{_INTERVAL}",
            _row("small", "test_deduplicated", title="small --flip"),
        ),
        ("The majority class reaches {majority} % of test.", _TEST),
        ("The paper reports {paper} % on the same official test set", _paper("gimefive")),
    )
)
_CLAIMS = (
    *_IN_BOTH,
    Claim("README.md", "leaves out {absent} test images that equal a training image", _TEST),
    Claim(
        "docs/results.md",
        "| GiMeFive, width 0.25 (0.66 M parameters), `gimefive_fer2013_fast`, mean of three seeds "
        f"| | test (official) |{_SEEDS}",
        _row("gimefive_fer2013_fast", "test"),
    ),
    Claim(
        "docs/results.md",
        f"| the same runs | | test_deduplicated |{_SEEDS}",
        _row("gimefive_fer2013_fast", "test_deduplicated"),
    ),
    Claim(
        "docs/results.md",
        f"| the same width, the recipe before | | test (official) |{_INTERVAL}",
        _evaluated(read_evaluation(_BEFORE / "test.json")),
    ),
    Claim(
        "docs/results.md",
        f"| the same run | | test_deduplicated |{_INTERVAL}",
        _evaluated(read_evaluation(_BEFORE / "test_deduplicated.json")),
    ),
    Claim("docs/results.md", "best validation accuracy {validation} %", _KEPT),
    Claim(
        "docs/results.md",
        "disgust ({disgust_found} of its {disgust_faces} test faces found; hardly 2 % of the "
        "training faces are of it) and fear ({fear_found} of {fear_faces})",
        _TEST,
    ),
    Claim(
        "docs/results.md",
        "| the paper's (`gimefive_fer2013`) | {validation} % | {official} % | {deduplicated} % |",
        _two_recipes("paper"),
    ),
    Claim(
        "docs/results.md",
        "| modern (`gimefive_fer2013_modern`) | {validation} % | {official} % | {deduplicated} % |",
        _two_recipes("modern"),
    ),
    Claim(
        "configs/gimefive_fer2013_fast.py",
        "Expected: {accuracy} % of the official test ({seed0}, {seed1} and {seed2} of three seeds",
        _row("gimefive_fer2013_fast", "test", digits=1),
    ),
    Claim(
        "configs/gimefive_fer2013_fast.py",
        "of three seeds; {accuracy} deduplicated)",
        _row("gimefive_fer2013_fast", "test_deduplicated", digits=1),
    ),
    Claim(
        "configs/gimefive_small_fer2013.py",
        "Expected: {accuracy} % of the official test faces (seed 0; {low} to {high})",
        _row("small", "test", title="small"),
    ),
    Claim(
        "configs/gimefive_small_fer2013.py",
        "{accuracy} % with mirror images",
        _row("small", "test", title="small --flip"),
    ),
    *(
        Claim("configs/gimefive_fer2013.py", f"{name} {{paper}} %", _paper(name))
        for name, architecture in ARCHITECTURES.items()
        if "FER2013" in architecture.paper_accuracy
    ),
    *(
        Claim(
            "benchmarks/results/recipe_search.md",
            f"| {seed} | {{seed{seed}}} %",
            _row("gimefive_fer2013_fast", "test"),
        )
        for seed in range(3)
    ),
)
# As far as every percentage of a document is a claim: whole, or up to a heading.
_COVERED = {"README.md": None, "docs/results.md": "## Duplicates in FER2013"}
_NOT_MEASURED = ("95 %",)


@pytest.mark.parametrize("claim", _CLAIMS, ids=lambda claim: f"{claim.document}: {claim.filled}")
def test_a_number_in_a_document_is_that_of_its_file(claim: Claim):
    text = _one_line((_ROOT / claim.document).read_text(encoding="utf-8"))
    assert claim.filled in text, f"{claim.document} must say: {claim.filled}"


@pytest.mark.parametrize("document", _COVERED)
def test_no_percentage_stands_outside_a_claim(document: str):
    text = (_ROOT / document).read_text(encoding="utf-8")
    heading = _COVERED[document]
    text = _one_line(text if heading is None else text[: text.index(heading)])
    for claim in _CLAIMS:
        if claim.document == document:
            text = text.replace(claim.filled, "")
    for words in _NOT_MEASURED:
        text = text.replace(words, "")
    assert re.findall(r"[^|.;:]*\d %[^|.;:]*", text) == []


def test_the_table_of_ours_and_the_card_measured_the_same_weights():
    for view, title in (("plain", "small"), ("flip", "small --flip")):
        row: RowResult = _OURS.row("small", title=title)
        [run] = row.runs
        assert run.weights_sha256 == _SMALL.weights_sha256
        for split, score in run.tests.items():
            found = _SMALL.splits[split][view]
            assert (score.correct, score.count) == (found.correct, found.count)
            assert score.data_sha256 == found.data_sha256
