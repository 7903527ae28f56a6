"""Trains and measures what a table of results needs, and writes the table."""

import dataclasses
import math
import time
from collections.abc import Mapping
from pathlib import Path

import jax

from gimefive_jax import files
from gimefive_jax.config import FieldValue
from gimefive_jax.errors import InputError
from gimefive_jax.recipes.reproduction_data import absent_members, how_to_prepare, is_at_hand
from gimefive_jax.recipes.reproduction_plan import TableName, TableRow, choose_rows, plan_table
from gimefive_jax.recipes.reproduction_row import RowWork
from gimefive_jax.recipes.reproduction_runs import find_finished
from gimefive_jax.recipes.sweep import Ending, Say
from gimefive_jax.report.reproduced import (
    TABLE,
    Reproduction,
    RowResult,
    read_reproduction,
    replace_rows,
)
from gimefive_jax.report.reproduced_page import write_reproduced_page
from gimefive_jax.report.reproduced_tables import write_reproduced

PAGE = "index.html"


@dataclasses.dataclass(frozen=True)
class ReproductionPlan:
    """Which rows of which table, and how."""

    table: TableName
    out: Path
    """Gets the table, and a folder for each row that is trained."""
    names: tuple[str, ...] = ()
    """Rows by name; empty means all."""
    data: tuple[str, ...] = ()
    """Data sets by name; empty means all."""
    num_seeds: int = 1
    """Runs of each trained row, with seeds 0, 1, ...; an earlier call may have asked for more."""
    values: Mapping[str, FieldValue] = dataclasses.field(default_factory=dict)
    """Fields to replace in every recipe, by dotted name."""
    max_minutes: float = math.inf
    """After which this call trains no more."""
    take_from: tuple[Path, ...] = ()
    """Folders in which finished runs are looked for."""
    data_directory: str = ""
    """Of prepared data sets; empty means the usual one."""

    def __post_init__(self) -> None:
        """Refuses what can be no plan."""
        if self.num_seeds < 1:
            raise InputError(f"seeds {self.num_seeds} must be at least 1: the runs of each row")
        if not self.max_minutes > 0:
            raise InputError(f"max_minutes {self.max_minutes} must be positive")


@dataclasses.dataclass(frozen=True)
class ReproductionResult:
    """How a call of `reproduce` ended."""

    ending: Ending
    table: Reproduction
    chosen: tuple[RowResult, ...]
    """Rows that this call was asked for."""


def reproduce(plan: ReproductionPlan, *, say: Say, progress: bool = True) -> ReproductionResult:
    """Trains and measures the chosen rows of a table, and writes the whole table.

    What is finished is kept, and what was interrupted goes on: the same call ends the table. Rows
    that are not chosen stay as an earlier call left them.

    Args:
      plan: What is asked for, and where it goes.
      say: Gets a line before and after each piece of work.
      progress: Whether to show bars.

    Returns:
      The table as it was written.

    Raises:
      InputError: There is no such row or field, or the folder holds another table or other files.

    Example:
      >>> plan = ReproductionPlan("ours", Path("ours"), names=("small",))
      >>> result = reproduce(plan, say=print)  # doctest: +SKIP
      >>> result.table.row("small").summary("test").accuracy  # doctest: +SKIP
      0.711690496215307
    """
    deadline = time.monotonic() + 60 * plan.max_minutes
    rows, found = preview(plan)
    chosen = choose_rows(rows, names=plan.names, data=plan.data)
    finished = find_finished(plan.take_from, outside=plan.out)
    ending: Ending = "done"
    with files.only_one(plan.out, doing="written"):
        _write(plan.out, found)
        for row in chosen:
            [before] = (one for one in found.rows if one.folder == row.folder)
            if before.prepare:
                say(f"{row.data_title}: {row.title}: data missing")
                continue
            say(f"{row.data_title}: {row.title}")
            work = RowWork(row, before, plan.out / row.folder, finished)
            minutes_left = (deadline - time.monotonic()) / 60
            new, now = work.run(say, minutes_left=minutes_left, progress=progress)
            found = dataclasses.replace(found, rows=replace_rows(found.rows, [new]))
            _write(plan.out, found)
            ending = now if now != "done" else ending
            if ending in ("interrupted", "terminated"):
                break
            # Programs of this row will not run again.
            jax.clear_caches()
    folders = {row.folder for row in chosen}
    return ReproductionResult(
        ending, found, tuple(row for row in found.rows if row.folder in folders)
    )


def preview(plan: ReproductionPlan) -> tuple[tuple[TableRow, ...], Reproduction]:
    """Gives the rows of a plan's table, and the table as it stands; nothing is written.

    Raises:
      InputError: As `reproduce`.
    """
    rows = plan_table(plan.table, plan.values, data_directory=plan.data_directory)
    chosen = choose_rows(rows, names=plan.names, data=plan.data)
    files.check_replaceable(plan.out, marker=TABLE)
    before = _read_before(plan)
    results = tuple(
        _result(plan, row, before.get(row.folder), is_chosen=row in chosen) for row in rows
    )
    return rows, Reproduction(plan.table, results)


def _read_before(plan: ReproductionPlan) -> dict[str, RowResult]:
    """Rows of the table that lies in the folder, by their own folder."""
    if not (plan.out / TABLE).is_file():
        return {}
    before = read_reproduction(plan.out)
    if before.table != plan.table:
        raise InputError(
            f"{plan.out} holds the table {before.table}, not {plan.table}; give another --out"
        )
    return {row.folder: row for row in before.rows}


def _result(
    plan: ReproductionPlan, row: TableRow, before: RowResult | None, *, is_chosen: bool
) -> RowResult:
    """The row as it stands before this call."""
    data = row.config.data
    at_hand = is_at_hand(data)
    members = absent_members(data) if at_hand else ()
    changed = {field: str(value) for field, value in row.changed.items()}
    runs = before.runs if before is not None else ()
    if before is not None and runs and before.settings != changed:
        was, now = (
            ", ".join(f"{field}={value}" for field, value in values.items()) or "no field changed"
            for values in (before.settings, changed)
        )
        raise InputError(
            f"{plan.out} holds {row.title} on {row.data_title} with {was}, now {now}; give the "
            "same settings to go on, or another --out"
        )
    asked = plan.num_seeds if is_chosen and not row.is_shipped else 1
    num_seeds = max(asked, before.num_seeds if before is not None and runs else 1)
    return RowResult(
        name=row.name,
        title=row.title,
        folder=row.folder,
        data=str(data.data_name),
        data_title=row.data_title,
        command=row.command(plan.table, num_seeds),
        paper_accuracy=row.paper_accuracy,
        settings=changed,
        absent_members=members,
        prepare="" if at_hand else how_to_prepare(data),
        num_seeds=num_seeds,
        runs=runs,
    )


def _write(out: Path, found: Reproduction) -> None:
    write_reproduced(out, found)
    write_reproduced_page(out / PAGE, found)
