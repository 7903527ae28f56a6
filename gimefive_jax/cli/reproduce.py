"""`gimefive reproduce`."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig, FieldValue

if TYPE_CHECKING:
    from gimefive_jax.recipes.reproduce import ReproductionPlan, ReproductionResult
    from gimefive_jax.report.reproduced import Reproduction

FAILED = 2
_RECIPE = "gimefive_fer2013"
_RUNS = Path("runs")
_Names = Annotated[tuple[str, ...], tyro.conf.UseAppendAction, tyro.conf.arg(metavar="NAME")]


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Train and measure what a table of results needs, and write the table.

    `paper` is the paper's table: each of its models on each data set, by its recipe. `ours` is the
    shipped weights and recipes. Rows whose data is missing say what to prepare. Finished runs of
    the same settings, seed and faces are taken instead of trained. Whatever stopped it, the same
    command goes on. `--config.FIELD=VALUE` replaces a field in every recipe; defaults below are
    those of the paper's.
    """

    table: Annotated[Literal["paper", "ours"], tyro.conf.Positional]
    """Which table."""
    config: ExperimentConfig
    row: _Names = ()
    """Train and measure this row alone: a model of the paper's table, or a config or shipped
    weights of ours. May be repeated."""
    data: _Names = ()
    """Train and measure rows on this data set alone, as `gimefive data list` names it. May be
    repeated."""
    seeds: int = 1
    """Runs of each row, with seeds 0, 1, ...; a later call may ask for more."""
    max_minutes: float | None = None
    """Minutes after which this call trains no more, over all rows; what is trained by then is saved
    and measured. By default no limit."""
    out: Path | None = None
    """Folder for index.html, table.md, table.csv, runs.csv, table.json, and the run folders of each
    row; by default runs/reproduce/TABLE, which `gimefive runs list` finds."""
    runs: tuple[Path, ...] | None = None
    """Folders in which finished runs are looked for; by default runs, where there is one."""
    data_dir: Path | None = None
    """Folder of prepared data sets; by default $TFDS_DATA_DIR, else ~/tensorflow_datasets."""
    plan_only: bool = False
    """Show the table as it stands; train, measure and write nothing."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse_arguments(words)
    plan = make_plan(arguments, words)
    if arguments.plan_only:
        from gimefive_jax.recipes.reproduce import preview

        _, found = preview(plan)
        _print_table(found)
        return 0
    from gimefive_jax.recipes.reproduce import reproduce

    result = reproduce(plan, say=lambda line: print(line, flush=True))
    _print_result(result, plan.out)
    # Ctrl-C should stop a script as well; SIGTERM is how a scheduler ends a job, no failure.
    if result.ending == "interrupted":
        return 130
    states = [row.state for row in result.chosen]
    nothing_done = all(state == "data missing" for state in states)
    return FAILED if "failed" in states or nothing_done else 0


def parse_arguments(words: Sequence[str]) -> Arguments:
    """The arguments, with the recipe of the paper where no field is replaced."""
    from gimefive_jax.cli.parsing import parse

    base = configs.load_config(_RECIPE)

    @dataclasses.dataclass(frozen=True)
    class Loaded(Arguments):
        config: tyro.conf.FlagConversionOff[ExperimentConfig] = base

    Loaded.__doc__ = Arguments.__doc__
    return parse(Loaded, list(words), verb="reproduce")


def make_plan(arguments: Arguments, words: Sequence[str]) -> "ReproductionPlan":
    """What the arguments ask for; `words` say which fields of the config were given."""
    from gimefive_jax.recipes.reproduce import ReproductionPlan

    usual = (_RUNS,) if _RUNS.is_dir() else ()
    directory = arguments.data_dir
    return ReproductionPlan(
        table=arguments.table,
        out=arguments.out or _RUNS / "reproduce" / arguments.table,
        names=arguments.row,
        data=arguments.data,
        num_seeds=arguments.seeds,
        values=_given_fields(words, arguments.config),
        max_minutes=math.inf if arguments.max_minutes is None else arguments.max_minutes,
        take_from=usual if arguments.runs is None else arguments.runs,
        data_directory="" if directory is None else str(directory.absolute()),
    )


def _given_fields(words: Sequence[str], config: ExperimentConfig) -> dict[str, FieldValue]:
    """Fields that the words name, with their values."""
    prefix, values = "--config.", configs.to_fields(config)
    named = (word.partition("=")[0] for word in words if word.startswith(prefix))
    names = (word.removeprefix(prefix).replace("-", "_") for word in named)
    return {name: values[name] for name in names if name in values}


def _print_table(found: "Reproduction") -> None:
    from gimefive_jax.report.reproduced_tables import missing_table, rows_table
    from gimefive_jax.report.tables import text

    print(text(rows_table(found)))
    missing = missing_table(found)
    if missing.rows:
        print(f"\n{missing.title}:")
    for data, prepare in missing.rows:
        print(f"  {data}: {prepare}")


def _print_result(result: "ReproductionResult", out: Path) -> None:
    print()
    _print_table(result.table)
    for row in result.chosen:
        for run in row.runs:
            if run.reason:
                print(f"\n{row.title} on {row.data_title}, seed {run.seed}: {run.reason}")
    if result.ending != "done":
        print("\nthe same command goes on from here")
    print(f"\nwritten to {out}/index.html, table.md, table.csv, runs.csv and table.json")
