"""`gimefive runs list`."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from gimefive_jax.cli.parsing import parse


@dataclasses.dataclass(frozen=True)
class Arguments:
    """List the runs below one or more folders, a row each.

    A row has settings, state, best validation accuracy, test accuracies that `gimefive evaluate`
    has measured, and speed. What is wrong with a run stands under the table; no run is left out.
    """

    folders: Annotated[
        tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[FOLDER ...]")
    ] = (Path("runs"),)
    """Folders in which runs are looked for, at any depth; or run folders."""
    sort: str = "run"
    """Column of the csv to sort by, such as best_validation_accuracy, test_accuracy,
    images_per_second (most first) or last_change (latest first)."""
    out: Path | None = None
    """File for the table as well: .csv with every digit, or .md for people. It is replaced."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="runs list")
    from gimefive_jax.report.run_folders import read_run
    from gimefive_jax.report.run_list import list_table
    from gimefive_jax.report.tables import check_suffix, text, write_tables
    from gimefive_jax.runs import find_runs

    if arguments.out is not None:
        check_suffix(arguments.out)
    summaries = [read_run(run) for run in find_runs(arguments.folders)]
    table = list_table(summaries, sort=arguments.sort)
    if summaries:
        print(text(table))
    else:
        print(f"no run in {', '.join(map(str, arguments.folders))}")
    problems = [problem for summary in summaries for problem in summary.problems]
    if problems:
        print("\nto mend:")
    for problem in problems:
        print(f"  {' '.join(problem.split())}")
    if arguments.out is not None:
        write_tables(arguments.out, [table], machine=table)
        print(f"\nwritten to {arguments.out}")
    return 0
