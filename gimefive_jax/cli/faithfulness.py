"""`gimefive faithfulness`."""

import dataclasses
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from gimefive_jax.cli.options import DataOptions
from gimefive_jax.cli.parsing import parse

if TYPE_CHECKING:
    from gimefive_jax.api import Classifier
    from gimefive_jax.data import Split


@dataclasses.dataclass(frozen=True)
class Arguments(DataOptions):
    """Measure how faithful the explanations of a split are, beside maps that know nothing.

    Writes a page, index.html, every number as faithfulness.json, and the values of every face as
    faithfulness.parquet and .csv. What needs no further pass of the network is measured on all
    faces; what removes parts of a face on 500, each category with its share; stability, sanity and
    slow methods on 100. An interrupted measurement goes on with the same command.
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")] = tyro.MISSING
    """Run folder (its best checkpoint), a checkpoint folder in it, a .safetensors, .pth or .pt
    file, or a shipped name: small, small_local."""
    methods: tuple[str, ...] = ()
    """Methods such as hirescam and gradcam; by default the one that is shown, hirescam and gradcam,
    and all others on 100 faces."""
    layers: tuple[str, ...] = ()
    """Layers such as block5/activation, as `gimefive models NAME` lists them; by default the one
    that is shown."""
    metrics: tuple[str, ...] = ()
    """Measurements such as deletion, insertion and road; by default all."""
    limit: int | None = None
    """Only so many faces, evenly spread over the split."""
    everything: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Measure every map by every metric on every face; this takes hours."""
    out: Path | None = None
    """Folder for the results; by default RUN/faithfulness/DATA-SPLIT, for a chosen checkpoint
    DATA-SPLIT-step-N, for a file gimefive-out/FILE/faithfulness/DATA-SPLIT. Finished steps in it
    are used."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="faithfulness")
    from gimefive_jax.faithfulness import measure_split
    from gimefive_jax.faithfulness.layout import PAGE
    from gimefive_jax.faithfulness.planning import make_plan
    from gimefive_jax.report.faithfulness_page import write_faithfulness_page
    from gimefive_jax.report.faithfulness_table import faithfulness_table
    from gimefive_jax.report.tables import text

    classifier, split, folder = _open(arguments)
    plan = make_plan(
        classifier,
        split,
        methods=arguments.methods,
        layers=arguments.layers,
        metrics=arguments.metrics,
        everything=arguments.everything,
        command=f"gimefive faithfulness {shlex.join(words)}",
    )
    found = measure_split(classifier, split, plan, folder, say=_say, progress=sys.stderr.isatty())
    write_faithfulness_page(folder / PAGE, found, split)
    print(text(faithfulness_table(found.summary)))
    print(f"\n{found.summary.num_forwards:,} forward passes; page: {folder / PAGE}")
    return 0


def _open(arguments: Arguments) -> tuple["Classifier", "Split", Path]:
    """The model, the faces, and where the results go."""
    from gimefive_jax.api import load

    classifier = load(arguments.model)
    split = arguments.open(classifier, limit=arguments.limit)
    folder = arguments.out or classifier.results_folder("faithfulness", split)
    return classifier, split, folder


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
