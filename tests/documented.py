"""What documents say of numbers: sentences with places, and the committed files that fill them."""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path

from gimefive_jax.evaluation import Evaluation, read_evaluation
from gimefive_jax.interop.shipped import shipped_numbers
from gimefive_jax.models import ARCHITECTURES
from gimefive_jax.report.released import read_released
from gimefive_jax.report.reproduced import read_reproduction
from gimefive_jax.statistics import wilson_interval

ROOT = Path(__file__).parent.parent
_RESULTS = ROOT / "benchmarks/results"
OURS = read_reproduction(_RESULTS / "reproduce/ours/table.json")
SMALL = read_released(shipped_numbers("small"))
Numbers = Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Claim:
    """A sentence of a document, whose places are filled with numbers of a file."""

    document: str
    sentence: str
    numbers: Numbers

    @property
    def filled(self) -> str:
        return one_line(self.sentence.format(**self.numbers))


def one_line(text: str) -> str:
    """Returns the words of a text without its line ends."""
    return " ".join(text.split())


def _percent(share: float, digits: int = 2) -> str:
    return f"{100 * share:.{digits}f}"


def _row(name: str, split: str, *, title: str = "", digits: int = 2) -> Numbers:
    """Of a row of `gimefive reproduce ours`: means over its runs, and each run by its seed."""
    row = OURS.row(name, title=title)
    found = row.summary(split)
    assert row.state == "measured"
    assert found is not None
    scores = [run.tests[split] for run in row.runs]
    accuracies = [score.accuracy for score in scores]
    of_runs = {
        f"seed{i}{end}": _percent(share, digits)
        for i, score in enumerate(scores)
        for end, share in zip(
            ("", "_low", "_high"),
            (score.accuracy, *wilson_interval(score.correct, score.count)),
            strict=True,
        )
    }
    return {
        "faces": f"{found.count:,}",
        "accuracy": _percent(found.accuracy, digits),
        "low": _percent(found.interval_95[0]),
        "high": _percent(found.interval_95[1]),
        "deviation": _percent(found.deviation or 0.0, digits),
        "balanced": _percent(found.balanced_accuracy),
        "least": _percent(min(accuracies)),
        "most": _percent(max(accuracies)),
        **of_runs,
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
        "absent": f"{found.count - SMALL.splits['test_deduplicated']['plain'].count:,}",
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


def _corrupted() -> Numbers:
    """What corruptions take away from `small`, by their names."""
    found = read_evaluation(_RESULTS / "corruptions_small").robustness
    assert found is not None
    low, high = found.relative_drop_interval_95
    shares = {"accuracy": found.accuracy, "drop": found.relative_drop, "low": low, "high": high}
    shares |= {curve.name: curve.relative_drop for curve in found.curves}
    return {"faces": f"{found.count:,}", **{n: _percent(one, 1) for n, one in shares.items()}}


def _paper(name: str) -> Numbers:
    return {"paper": f"{ARCHITECTURES[name].paper_accuracy['FER2013']:.1f}"}


_TEST = _evaluated(SMALL.splits["test"]["plain"])
_KEPT = {"validation": _percent(SMALL.training.validation_accuracy or 0.0)}
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
CLAIMS = (
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
    Claim(
        "docs/results.md",
        "`gimefive quickstart`: {seed0} % of {faces} test faces (95 % interval {seed0_low} to "
        "{seed0_high};",
        _row("drawn_faces_quickstart", "test", digits=1),
    ),
    Claim(
        "docs/results.md",
        "against `gimefive`'s {accuracy} ± {deviation} (three seeds)",
        _row("drawn_faces_quickstart", "test", digits=1),
    ),
    *(
        Claim(
            "docs/local_evidence.md",
            f"| {seed} | {{seed{seed}}} ({{seed{seed}_low}} to {{seed{seed}_high}}) |",
            _row("drawn_faces_quickstart", "test"),
        )
        for seed in range(3)
    ),
    Claim(
        "docs/local_evidence.md",
        "| mean | {accuracy} ± {deviation} |",
        _row("drawn_faces_quickstart", "test"),
    ),
    Claim(
        "docs/evaluation.md",
        "`small` on {faces} of FER2013's test faces ({accuracy} % as they are) loses {drop} % of "
        "its accuracy on average ({low} to {high}): by noise {noise} %, blur {blur}, covered mouth "
        "{covered_mouth}, brighter {brighter}, low resolution {low_resolution}, covered eyes "
        "{covered_eyes}, less contrast {contrast}, darker {darker}, JPEG {jpeg}, shift {shift}.",
        _corrupted(),
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
