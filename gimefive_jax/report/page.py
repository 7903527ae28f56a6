"""The quickstart's page: one self-contained HTML file over what the stages wrote."""

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from gimefive_jax import files
from gimefive_jax.data import Split
from gimefive_jax.evaluation import read_evaluation
from gimefive_jax.evaluation.results import CONFUSION_MATRIX
from gimefive_jax.explained.evidence_file import read_evidence
from gimefive_jax.explained.manifest import ManifestRow
from gimefive_jax.explained.opened import Export, open_export
from gimefive_jax.explained.pictures import colour
from gimefive_jax.explanation.methods import METHOD_FACTS
from gimefive_jax.faithfulness.baselines import TITLES
from gimefive_jax.report.bars import make_chart
from gimefive_jax.report.cards import Card, make_cards
from gimefive_jax.report.templating import embed_file, render
from gimefive_jax.runs import RunFolder

_BASELINES = {
    "random": "a random map",
    "uniform": "a uniform map",
    "centre_gaussian": "a centre Gaussian",
    "edges": "the face's own Sobel edges",
    "class_mean": "the mean map of the category's other faces",
}
_CARDS_PER_CATEGORY, _MOST_MISSES = 4, 8


@dataclasses.dataclass(frozen=True)
class PageSources:
    """Where the page's content lies."""

    run_folder: Path
    evaluation_folder: Path
    explanation_folder: Path
    """With `evidence.json` in it."""
    split: Split
    num_train: int
    """Faces that were trained on."""
    command: str
    """What a user types to get this page."""
    stages: tuple[str, ...]
    """The same as one command per stage."""


def write_page(path: Path, sources: PageSources) -> None:
    """Writes the quickstart's page in one step; it needs no other file, no network and no script.

    Args:
      path: The HTML file.
      sources: Where the content lies.
    """
    files.write_text(path, render_page(sources))


def render_page(sources: PageSources) -> str:
    """The page as HTML."""
    evidence = read_evidence(sources.explanation_folder)
    export = open_export(sources.explanation_folder)
    maps = [(method, layer) for method, found in evidence.maps.items() for layer in found]
    layers = tuple(dict.fromkeys(layer for _, layer in maps))
    # The map that is drawn, and the one beside it.
    shown = maps[:2]
    misses = [row for row in export.rows if not row.is_correct]

    def cards(rows: Sequence[ManifestRow]) -> list[Card]:
        return make_cards(rows, sources.split, export, maps=shown)

    run = RunFolder(sources.run_folder)
    return render(
        "quickstart.html.j2",
        filters=_FILTERS,
        split=sources.split,
        metrics=read_evaluation(sources.evaluation_folder),
        config=run.read_config(),
        environment=run.read_environment(),
        curves=embed_file(run.curves_file),
        confusion=embed_file(sources.evaluation_folder / CONFUSION_MATRIX),
        evidence=evidence,
        charts={layer: make_chart(evidence, layer) for layer in layers},
        shown=shown,
        layers=layers,
        hits=cards(_first_hits(export, sources.split.emotions)),
        misses=cards(misses[:_MOST_MISSES]),
        num_misses=len(misses),
        bias_shares={
            layer: _mean([row.bias_shares.get(layer) for row in export.rows]) for layer in layers
        },
        num_train=sources.num_train,
        command=sources.command,
        commands=sources.stages,
        ramp=_ramp(),
    )


def _first_hits(export: Export, emotions: Sequence[str]) -> list[ManifestRow]:
    """The first faces of each category that are predicted rightly."""
    hits: list[ManifestRow] = []
    for emotion in emotions:
        of_emotion = [row for row in export.rows if row.label == emotion and row.is_correct]
        hits += of_emotion[:_CARDS_PER_CATEGORY]
    return hits


def _mean(values: Sequence[float | None]) -> float | None:
    """Mean of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _percent(share: float | None, digits: int = 1) -> str:
    # A narrow space that does not break, as typesetters put it.
    return "–" if share is None else f"{100 * share:.{digits}f}\u202f%"


def _interval(bounds: Sequence[float]) -> str:
    return f"{100 * bounds[0]:.1f} to {100 * bounds[1]:.1f}\u202f%"


def _compared(difference: list[float]) -> str:
    """Words for the 95 % interval of a paired difference."""
    low, high = difference
    if low > 0:
        return "more than"
    return "less than" if high < 0 else "about as much as"


def _method_name(method: str) -> str:
    return METHOD_FACTS[method].title if method in METHOD_FACTS else method


def _baseline(name: str) -> str:
    """What a map is compared with, in words with their article."""
    return _BASELINES.get(name, _method_name(name))


def _baseline_name(name: str) -> str:
    return TITLES.get(name, _method_name(name))


def _block_name(layer: str) -> str:
    """`block 5` for `block5/activation`, which is what is explained by default; else the name."""
    match = re.fullmatch(r"block(\d+)/activation", layer)
    return f"block {match[1]}" if match else layer


def _ramp() -> list[str]:
    """Colours of the maps from none to most, for the legend's gradient."""
    return [f"rgb({r} {g} {b})" for r, g, b in colour(np.linspace(0, 1, 9)[None])[0]]


_FILTERS: Mapping[str, Callable[..., str]] = {
    "percent": _percent,
    "interval": _interval,
    "compared": _compared,
    "method_name": _method_name,
    "baseline": _baseline,
    "baseline_name": _baseline_name,
    "block_name": _block_name,
}
