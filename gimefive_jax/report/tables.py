"""Tables: every digit for machines (CSV), the same rows for people (Markdown and aligned text)."""

import csv
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from gimefive_jax import files
from gimefive_jax.errors import InputError

Cell = str | int | float | bool | None
SUFFIXES = (".csv", ".md")


def plain(cell: Cell) -> str:
    """`cell` as it is, numbers with at most six digits."""
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)


def percent(cell: Cell) -> str:
    """A share as percent."""
    return f"{cell:.2%}" if isinstance(cell, int | float) else str(cell)


@dataclasses.dataclass(frozen=True)
class Column:
    """One column: its name for machines, its title for people, and how they see a cell."""

    name: str
    title: str = ""
    show: Callable[[Cell], str] = plain
    is_text: bool = False
    """Words stand at the left, numbers at the right."""
    only_csv: bool = False
    """Too much for a person's table."""


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of raw cells; None is an empty cell."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""


def text(table: Table) -> str:
    """Aligned columns for a terminal, under the title."""
    columns, cells = _shown(table)
    lines = aligned(cells, is_text=[column.is_text for column in columns])
    return "\n".join([*([table.title, ""] if table.title else []), lines])


def aligned(cells: Sequence[Sequence[str]], *, is_text: Sequence[bool] = ()) -> str:
    """Rows of cells as aligned columns for a terminal.

    Args:
      cells: Rows of equally many cells, the heading first.
      is_text: Whether each column holds words, which stand at the left, and not numbers; by default
        the first alone.

    Returns:
      A line for each row.

    Example:
      >>> print(aligned([["data", "faces"], ["fer2013", "5,945"], ["raf_db", "988"]]))
      data     faces
      fer2013  5,945
      raf_db     988
    """
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    left = is_text or [True, *[False] * (len(widths) - 1)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if is_left else cell.rjust(width)
            for cell, width, is_left in zip(row, widths, left, strict=True)
        ).rstrip()
        for row in cells
    )


def markdown(table: Table) -> str:
    """A Markdown table under its title."""
    columns, cells = _shown(table)
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in cells]
    rule = ["---" if column.is_text else "---:" for column in columns]
    lines = [f"| {' | '.join(row)} |" for row in (escaped[0], rule, *escaped[1:])]
    return "\n".join([*([f"## {table.title}", ""] if table.title else []), *lines]) + "\n"


def check_suffix(path: Path) -> None:
    """Raise InputError unless a table can be written to `path`."""
    if path.suffix not in SUFFIXES:
        raise InputError(f"--out {path} must end in {' or '.join(SUFFIXES)}")


def write_tables(path: Path, tables: Sequence[Table], *, machine: Table) -> None:
    """Writes tables as CSV or Markdown, by the suffix of the file.

    Args:
      path: Ends in .csv or .md.
      tables: What a person reads, for Markdown.
      machine: The same with every column and digit, for CSV.

    Raises:
      InputError: If it ends otherwise.
    """
    check_suffix(path)
    if path.suffix == ".csv":
        write_csv(path, machine)
    else:
        write_markdown(path, tables)


def write_csv(path: Path, table: Table) -> None:
    """Write every column of `table` with all digits."""
    with files.replacing_text(path) as file:
        writer = csv.writer(file)
        writer.writerow([column.name for column in table.columns])
        # csv writes None as nothing, and floats with every digit.
        writer.writerows(table.rows)


def write_markdown(path: Path, tables: Sequence[Table]) -> None:
    """Write `tables` one under the other."""
    files.write_text(path, "\n".join(map(markdown, tables)))


def _shown(table: Table) -> tuple[list[Column], list[list[str]]]:
    """Columns and cells for people: without those that no row has anything in."""
    kept = [
        i
        for i, column in enumerate(table.columns)
        if not column.only_csv and (not table.rows or any(row[i] is not None for row in table.rows))
    ]
    columns = [table.columns[i] for i in kept]
    cells = [[column.title or column.name for column in columns]]
    for row in table.rows:
        # One line each, whatever came from outside.
        shown = ["-" if row[i] is None else table.columns[i].show(row[i]) for i in kept]
        cells.append([" ".join(cell.split()) for cell in shown])
    return columns, cells
