"""`gimefive quickstart`."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gimefive_jax.cli.parsing import parse

if TYPE_CHECKING:
    from gimefive_jax.recipes.quickstart import QuickstartResult


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Everything once, on drawn faces: draw, train, evaluate, explain, and one page over it all.

    Takes a few minutes on two cores and needs no download. Ctrl-C saves; the same command goes on
    where it was, and a second run only writes the results anew.
    """

    out: Path = Path("gimefive-quickstart")
    """Folder for data, run and index.html."""
    seed: int = 0
    """Seed of the drawing and of everything random in training."""
    num_train: int = 3000
    """Faces to draw for train."""
    num_validation: int = 500
    """Faces to draw for validation."""
    num_test: int = 1000
    """Faces to draw for test."""
    num_epochs: int | None = None
    """Passes over the train split; by default those of the config drawn_faces_quickstart."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="quickstart")
    from gimefive_jax.recipes.quickstart import QuickstartPlan, quickstart

    plan = QuickstartPlan(
        seed=arguments.seed,
        num_train=arguments.num_train,
        num_validation=arguments.num_validation,
        num_test=arguments.num_test,
        num_epochs=arguments.num_epochs,
    )
    _print_result(quickstart(arguments.out, plan, say=lambda line: print(line, flush=True)))
    return 0


def _print_result(result: "QuickstartResult") -> None:
    low, high = result.evaluation.accuracy_interval_95
    print(
        f"\ntest accuracy {result.evaluation.accuracy:.1%} (95 % interval {low:.1%} to {high:.1%})"
    )
    for method, layers in result.evidence.maps.items():
        for layer, found in layers.items():
            summary = found.all
            rows, columns = found.grid
            print(
                f"{method} at {layer} ({rows}x{columns}): {summary.share:.1%} of the map on the "
                f"planted evidence, chance {summary.chance:.1%}"
            )
    print(f"\n{result.page}")
