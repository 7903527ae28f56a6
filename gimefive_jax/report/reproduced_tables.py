"""Tables over reproduced results: a row per model and data set, and a row per run."""

from pathlib import Path

from gimefive_jax.report.reproduced import (
    DEDUPLICATED,
    OFFICIAL,
    TEST_SPLITS,
    MeasuredRun,
    Reproduction,
    RowResult,
)
from gimefive_jax.report.tables import Cell, Column, Table, percent, write_csv, write_markdown

TITLES = {OFFICIAL: "test", DEDUPLICATED: "deduplicated"}


def write_reproduced(folder: Path, found: Reproduction) -> None:
    """Writes `table.json`, `table.csv`, `runs.csv` and `table.md` to a folder, each in one step."""
    found.write(folder)
    rows, runs = rows_table(found), runs_table(found)
    write_csv(folder / "table.csv", rows)
    write_csv(folder / "runs.csv", runs)
    tables = [rows, runs, missing_table(found), commands_table(found)]
    write_markdown(folder / "table.md", [table for table in tables if table.rows])


def rows_table(found: Reproduction) -> Table:
    """A row for each of the table, with every column of `table.csv`."""
    columns = (
        Column("data", is_text=True),
        Column("data_name", only_csv=True),
        Column("row", is_text=True),
        Column("state", is_text=True),
        Column("changed", is_text=True),
        Column("num_runs", "runs"),
        Column("num_seeds", "of", only_csv=True),
        Column("epochs", is_text=True),
        *(column for split in TEST_SPLITS for column in _split_columns(split)),
        Column("paper_accuracy", "paper", percent),
        Column("difference", "points", points),
        Column("command", only_csv=True),
        Column("prepare", only_csv=True),
    )
    return Table(columns, tuple(map(_row, found.rows)), title=_title(found))


def runs_table(found: Reproduction) -> Table:
    """A row for each run that is behind the table."""
    columns = (
        Column("data", is_text=True),
        Column("row", is_text=True),
        Column("seed"),
        Column("run", is_text=True),
        Column("state", is_text=True),
        Column("epochs"),
        Column("minutes", show=lambda cell: f"{cell:.1f}"),
        Column("validation_accuracy", "validation", percent),
        *(
            Column(f"{split}_{what}", title, percent, only_csv=not title)
            for split in TEST_SPLITS
            for what, title in (("accuracy", TITLES[split]), ("balanced_accuracy", ""))
        ),
        Column("reason", is_text=True),
        Column("weights_sha256", only_csv=True),
        Column("command", only_csv=True),
    )
    rows = tuple(_run_row(row, run) for row in found.rows for run in row.runs)
    return Table(columns, rows, title="Runs")


def missing_table(found: Reproduction) -> Table:
    """A row for each data set that is not at hand: what to prepare, and how."""
    columns = (Column("data", is_text=True), Column("prepare", "how to prepare it", is_text=True))
    missing = {row.data_title: row.prepare for row in found.rows if row.prepare}
    return Table(columns, tuple(missing.items()), title="Data that is missing")


def commands_table(found: Reproduction) -> Table:
    """A row for each of the table: the command that trains and measures it alone."""
    columns = tuple(Column(name, is_text=True) for name in ("data", "row", "command"))
    rows = tuple((row.data_title, row.title, row.command) for row in found.rows)
    return Table(columns, rows, title="Commands")


def points(cell: Cell) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{100 * cell:+.2f}" if isinstance(cell, int | float) else str(cell)


def _title(found: Reproduction) -> str:
    named = {"paper": "The paper's table", "ours": "Shipped weights and recipes"}
    return named.get(found.table, found.table)


def _split_columns(split: str) -> tuple[Column, ...]:
    title = TITLES[split]
    return (
        Column(f"{split}_faces", only_csv=True),
        Column(f"{split}_accuracy", title, percent),
        Column(f"{split}_low", "95 % from", percent),
        Column(f"{split}_high", "to", percent),
        Column(f"{split}_deviation", "std. dev.", percent),
        Column(f"{split}_balanced_accuracy", only_csv=True),
    )


def _row(row: RowResult) -> tuple[Cell, ...]:
    measured = [run for run in row.runs if run.tests]
    return (
        row.data_title,
        row.data,
        row.title,
        row.state,
        row.changes or None,
        len(measured) or None,
        row.num_seeds,
        _epochs(measured),
        *(cell for split in TEST_SPLITS for cell in _split_cells(row, split)),
        row.paper_accuracy,
        row.difference,
        row.command,
        row.prepare or None,
    )


def _split_cells(row: RowResult, split: str) -> tuple[Cell, ...]:
    found = row.summary(split)
    if found is None:
        return (None,) * len(_split_columns(split))
    low, high = found.interval_95
    return (found.count, found.accuracy, low, high, found.deviation, found.balanced_accuracy)


def _epochs(runs: list[MeasuredRun]) -> Cell:
    """Epochs trained, and of how many where that is fewer."""
    known = [
        f"{run.epochs}" if run.has_ended else f"{run.epochs} of {run.num_epochs}"
        for run in runs
        if run.epochs is not None
    ]
    return ", ".join(dict.fromkeys(known)) or None


def _run_row(row: RowResult, run: MeasuredRun) -> tuple[Cell, ...]:
    return (
        row.data_title,
        row.title,
        run.seed,
        run.run,
        run.state,
        run.epochs,
        run.minutes,
        run.validation_accuracy,
        *(
            cell
            for split in TEST_SPLITS
            for cell in (
                (run.tests[split].accuracy, run.tests[split].balanced_accuracy)
                if split in run.tests
                else (None, None)
            )
        ),
        run.reason or None,
        run.weights_sha256 or None,
        run.command or None,
    )
