"""The quickstart's page: one self-contained HTML file over what the stages wrote."""

import base64
import csv
import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import jinja2
import numpy as np

from gimefive_jax import files
from gimefive_jax.data import Split
from gimefive_jax.evaluation import read_evaluation
from gimefive_jax.evaluation.results import CONFUSION_MATRIX
from gimefive_jax.explained.evidence import EvidenceFile
from gimefive_jax.explained.pictures import colour
from gimefive_jax.report.bars import make_chart
from gimefive_jax.report.cards import make_cards
from gimefive_jax.runs import RunFolder

_METHOD_NAMES = {"hirescam": "HiResCAM", "gradcam": "Grad-CAM"}
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
    """Write the page to `path` in one step; it needs no other file, no network and no script."""
    files.write_text(path, render_page(sources))


def render_page(sources: PageSources) -> str:
    """The page as HTML."""
    evidence = cast(EvidenceFile, _read_json(sources.explanation_folder / "evidence.json"))
    with (sources.explanation_folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        manifest = list(csv.DictReader(file))
    method = next(iter(evidence["maps"]))
    layers = tuple(evidence["maps"][method])
    hits = [
        row
        for emotion in sources.split.emotions
        for row in [r for r in manifest if r["label"] == emotion and r["correct"] == "1"][
            :_CARDS_PER_CATEGORY
        ]
    ]
    run = RunFolder(sources.run_folder)
    misses = [row for row in manifest if row["correct"] == "0"]

    def cards(rows: list[dict[str, str]]) -> object:
        return make_cards(
            rows, sources.split, sources.explanation_folder, method=method, layers=layers
        )

    return (
        _environment()
        .get_template("quickstart.html.j2")
        .render(
            split=sources.split,
            metrics=read_evaluation(sources.evaluation_folder),
            config=run.read_config(),
            environment=run.read_environment(),
            curves=_embed_png(run.curves_file),
            confusion=_embed_png(sources.evaluation_folder / CONFUSION_MATRIX),
            evidence=evidence,
            charts={layer: make_chart(evidence, layer) for layer in layers},
            method=method,
            layers=layers,
            hits=cards(hits),
            misses=cards(misses[:_MOST_MISSES]),
            num_misses=len(misses),
            bias_shares={
                layer: float(np.mean([float(row[f"bias_share:{layer}"]) for row in manifest]))
                for layer in layers
            },
            num_train=sources.num_train,
            command=sources.command,
            commands=sources.stages,
            ramp=_ramp(),
        )
    )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gimefive_jax", "report/templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=_percent,
        interval=_interval,
        compared=_compared,
        method_name=_method_name,
        block_name=_block_name,
    )
    return environment


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
    return _METHOD_NAMES.get(method, method)


def _block_name(layer: str) -> str:
    """`block 5` for `block5/activation`, which is what is explained by default; else the name."""
    match = re.fullmatch(r"block(\d+)/activation", layer)
    return f"block {match[1]}" if match else layer


def _ramp() -> list[str]:
    """Colours of the maps from none to most, for the legend's gradient."""
    return [f"rgb({r} {g} {b})" for r, g, b in colour(np.linspace(0, 1, 9)[None])[0]]


def _read_json(path: Path) -> Mapping[str, object]:
    content: Mapping[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _embed_png(path: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
