"""The tables of `gimefive runs compare`: groups, their fields, spreads over seeds, differences."""

from gimefive_jax.report.run_groups import METRICS, Comparison, RunGroup
from gimefive_jax.report.tables import Cell, Column, Table, percent
from gimefive_jax.statistics import Spread, spread, welch_interval

_STATISTICS = ("n", "mean", "deviation", "low", "high")


def comparison_tables(comparison: Comparison) -> list[Table]:
    """What a person reads, one table under the other; those with nothing to say are left out."""
    tables = [_members(comparison), _fields(comparison), _spreads(comparison)]
    return [table for table in [*tables, _differences(comparison)] if table.rows]


def machine_table(comparison: Comparison) -> Table:
    """A row per group with everything: runs, seeds, fields, and each metric's spread."""
    columns = [
        Column("group"),
        Column("runs"),
        Column("seeds"),
        Column("unfinished"),
        *map(Column, comparison.fields),
        *(Column(f"{metric}_{statistic}") for metric in METRICS for statistic in _STATISTICS),
    ]
    rows = []
    for group in comparison.groups:
        spreads = (spread(group.accuracies(metric)) for metric in METRICS)
        rows.append(
            (
                group.label,
                ";".join(str(run.folder) for run in group.runs),
                ";".join(map(str, group.seeds)),
                group.num_unfinished,
                *(_cell(group.fields[name]) for name in comparison.fields),
                *(cell for found in spreads for cell in _statistics(found)),
            )
        )
    return Table(tuple(columns), tuple(rows))


def _members(comparison: Comparison) -> Table:
    columns = (
        Column("group", is_text=True),
        Column("seeds", is_text=True),
        Column("unfinished", is_text=True),
        Column("runs", is_text=True),
    )
    rows = [
        (
            group.label,
            ", ".join(map(str, group.seeds)),
            f"{group.num_unfinished} of {len(group.runs)}" if group.num_unfinished else None,
            _together([str(run.folder) for run in group.runs]),
        )
        for group in comparison.groups
    ]
    return Table(columns, tuple(rows), title="Groups: runs that differ by seed alone")


def _fields(comparison: Comparison) -> Table:
    """The fields down and the groups across, or the other way where there are more groups."""
    groups, fields = comparison.groups, comparison.fields
    title = "What differs"
    if len(groups) <= len(fields):
        columns = [Column("field", is_text=True), *(Column(group.label) for group in groups)]
        rows = [(name, *(_cell(group.fields[name]) for group in groups)) for name in fields]
        return Table(tuple(columns), tuple(rows), title=title)
    columns = [Column("group", is_text=True), *map(Column, fields)]
    across = [(group.label, *(_cell(group.fields[name]) for name in fields)) for group in groups]
    return Table(tuple(columns), tuple(across) if fields else (), title=title)


def _spreads(comparison: Comparison) -> Table:
    columns = (
        Column("accuracy", is_text=True),
        Column("group", is_text=True),
        Column("n"),
        Column("mean", show=percent),
        Column("deviation", "std. dev.", percent),
        Column("low", "min", percent),
        Column("high", "max", percent),
    )
    rows = [
        (_title(metric), group.label, *_statistics(spread(group.accuracies(metric))))
        for metric in METRICS
        for group in comparison.groups
        # A row for each group, if only to say that there is nothing yet.
        if metric == METRICS[0] or group.accuracies(metric)
    ]
    return Table(columns, tuple(rows), title="Accuracy over seeds")


def _differences(comparison: Comparison) -> Table:
    """Each group less the first, where both have two seeds or more."""
    columns = (
        Column("accuracy", is_text=True),
        Column("difference", is_text=True),
        Column("points", show=_points),
        Column("low", "95 % from", _points),
        Column("high", "to", _points),
    )
    first, *others = comparison.groups
    rows = []
    for metric in METRICS:
        for group in others:
            row = _difference(group, first, metric)
            if row is not None:
                rows.append((_title(metric), *row))
    title = "Differences in percentage points (Welch's t over seeds)"
    return Table(columns, tuple(rows), title=title)


def _difference(group: RunGroup, first: RunGroup, metric: str) -> tuple[Cell, ...] | None:
    values, others = group.accuracies(metric), first.accuracies(metric)
    interval = welch_interval(values, others)
    of, than = spread(values), spread(others)
    if interval is None or of is None or than is None:
        return None
    return (f"{group.label} - {first.label}", of.mean - than.mean, *interval)


def _statistics(found: Spread | None) -> tuple[Cell, ...]:
    if found is None:
        return (0, None, None, None, None)
    return (found.count, found.mean, found.deviation, found.low, found.high)


def _title(metric: str) -> str:
    return "best validation" if metric == "validation" else metric


def _points(cell: Cell) -> str:
    return f"{100 * cell:+.2f}" if isinstance(cell, int | float) else str(cell)


def _cell(value: object) -> Cell:
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _together(names: list[str]) -> str:
    """`runs/a-{0,1,2}`, as a shell takes it, where the names differ in one place; else a list."""
    start = _shared_start(names)
    end = _shared_start([name[len(start) :][::-1] for name in names])[::-1]
    middles = [name[len(start) : len(name) - len(end)] for name in names]
    if len(names) == 1 or not start or any(set(part) & set(",{} ") for part in middles):
        return ", ".join(names)
    return f"{start}{{{','.join(middles)}}}{end}"


def _shared_start(words: list[str]) -> str:
    places = enumerate(zip(*words, strict=False))
    shortest = min(words, key=len)
    return shortest[: next((i for i, letters in places if len(set(letters)) > 1), None)]
