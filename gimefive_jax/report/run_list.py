"""The table of `gimefive runs list`: a row per run folder."""

from collections.abc import Sequence

from gimefive_jax.errors import InputError, nearest
from gimefive_jax.report.run_folders import RunSummary
from gimefive_jax.report.tables import Cell, Column, Table, percent

TEST_SPLITS = ("test", "test_deduplicated")


def _speed(cell: Cell) -> str:
    return f"{cell:,.0f}" if isinstance(cell, float) and cell >= 10 else f"{cell:.3g}"


def _minute(cell: Cell) -> str:
    return str(cell)[:16].replace("T", " ")


COLUMNS = (
    Column("run", is_text=True),
    Column("model", is_text=True),
    Column("width"),
    Column("data", is_text=True),
    Column("seed"),
    Column("epochs"),
    Column("num_epochs", "of"),
    Column("state", is_text=True),
    Column("best_validation_accuracy", "validation", percent),
    Column("best_epoch", "at epoch"),
    *(Column(f"{split}_accuracy", split, percent) for split in TEST_SPLITS),
    Column("images_per_second", "images/s", _speed),
    Column("last_change", "last change", _minute, is_text=True),
    Column("problems", only_csv=True),
)
# The best, the most or the latest first; the others go up, as names do.
_DOWNWARDS = (
    "best_validation_accuracy",
    *(f"{split}_accuracy" for split in TEST_SPLITS),
    "images_per_second",
    "last_change",
)


def list_table(summaries: Sequence[RunSummary], *, sort: str = "run") -> Table:
    """A row per run, sorted by the column `sort`; runs without a value there come last."""
    names = [column.name for column in COLUMNS]
    if sort not in names:
        raise InputError(
            f"--sort '{sort}' is no column{nearest(sort, names)}; columns: {', '.join(names)}"
        )
    place = names.index(sort)
    rows = [_row(summary) for summary in summaries]
    known = [row for row in rows if row[place] is not None]
    known.sort(key=lambda row: row[place], reverse=sort in _DOWNWARDS)  # type: ignore[arg-type, return-value]
    return Table(COLUMNS, (*known, *(row for row in rows if row[place] is None)))


def _row(summary: RunSummary) -> tuple[Cell, ...]:
    config, best, changed = summary.config, summary.best, summary.last_change
    settings: tuple[Cell, ...] = (None, None, None, None)
    if config is not None:
        data = str(config.data.data_name)
        settings = (config.model.name, config.model.width, data, config.seed)
    return (
        str(summary.folder),
        *settings,
        summary.epochs,
        None if config is None else config.training.num_epochs,
        summary.state,
        None if best is None else best.validation_accuracy,
        None if best is None else round(best.epoch),
        *(summary.test_accuracies.get(split) for split in TEST_SPLITS),
        summary.images_per_second,
        None if changed is None else changed.isoformat(timespec="seconds"),
        "; ".join(summary.problems) or None,
    )
