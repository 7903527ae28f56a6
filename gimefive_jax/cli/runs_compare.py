"""`gimefive runs compare`."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from gimefive_jax.cli.parsing import parse


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Compare runs: those that differ by seed alone are a group, with mean and spread over seeds.

    Shows the settings in which the groups differ, their accuracies on validation (the best epoch)
    and on the test splits that `gimefive evaluate` has measured, and how far each group lies from
    the first one named. The interval of a difference covers chance between seeds, not between
    other test faces.
    """

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN [RUN ...]")]
    """Run folders, or folders that hold runs at any depth. The first one's group is the one that
    others are compared with."""
    out: Path | None = None
    """File for the tables as well: .csv with a row per group and every digit, or .md for people.
    It is replaced."""
    picture: Path | None = None
    """PNG file for the validation accuracies over the epochs: a line and a band per group. It is
    replaced."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="runs compare")
    from gimefive_jax.errors import InputError
    from gimefive_jax.report.run_comparison import comparison_tables, machine_table
    from gimefive_jax.report.run_curves import check_picture, plot_groups
    from gimefive_jax.report.run_folders import read_run
    from gimefive_jax.report.run_groups import compare_runs
    from gimefive_jax.report.tables import check_suffix, text, write_tables
    from gimefive_jax.runs import find_runs

    if not arguments.runs:
        raise InputError("name at least one RUN; see gimefive runs compare --help")
    if arguments.out is not None:
        check_suffix(arguments.out)
    if arguments.picture is not None:
        check_picture(arguments.picture)
    comparison = compare_runs([read_run(run) for run in find_runs(arguments.runs)])
    tables = comparison_tables(comparison)
    print("\n\n".join(map(text, tables)))
    if comparison.left_out:
        print()
    for line in comparison.left_out:
        print(" ".join(line.split()))
    if arguments.out is not None:
        write_tables(arguments.out, tables, machine=machine_table(comparison))
        print(f"\nwritten to {arguments.out}")
    if arguments.picture is not None:
        plot_groups(comparison, arguments.picture)
        print(f"\ndrawn to {arguments.picture}")
    return 0
