"""The page of a table of results: one self-contained HTML file."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

from gimefive_jax import files
from gimefive_jax.report.reproduced import OFFICIAL, TEST_SPLITS, Reproduction, RowResult
from gimefive_jax.report.reproduced_tables import TITLES, commands_table, points
from gimefive_jax.report.tables import percent
from gimefive_jax.report.templating import render

_HEADINGS = {
    "paper": "The paper's table, trained and measured here",
    "ours": "Shipped weights and recipes, measured here",
}


@dataclasses.dataclass(frozen=True)
class RangeDrawing:
    """Where the official test's accuracy, its interval and the paper's figure lie, of 100."""

    low: float
    high: float
    ours: float
    paper: float | None


def write_reproduced_page(path: Path, found: Reproduction) -> None:
    """Writes the page of a table in one step; it needs no other file, no network and no script.

    Args:
      path: The HTML file.
      found: The table.
    """
    files.write_text(path, render_reproduced_page(found))


def render_reproduced_page(found: Reproduction) -> str:
    """Renders the page of a table as HTML.

    Args:
      found: The table.
    """
    by_data: dict[str, list[RowResult]] = {}
    for row in found.rows:
        by_data.setdefault(row.data_title, []).append(row)
    return render(
        "reproduced.html.j2",
        filters=_FILTERS,
        table=found,
        heading=_HEADINGS.get(found.table, found.table),
        by_data=by_data,
        splits={split: TITLES[split] for split in TEST_SPLITS},
        drawings={row.folder: drawing for row in found.rows if (drawing := _drawing(row))},
        any_changes=any(row.changes for row in found.rows),
        commands=commands_table(found).rows,
        num_measured=sum(row.state == "measured" for row in found.rows),
    )


def _drawing(row: RowResult) -> RangeDrawing | None:
    found = row.summary(OFFICIAL)
    if found is None:
        return None
    low, high = found.interval_95
    paper = None if row.paper_accuracy is None else 100 * row.paper_accuracy
    return RangeDrawing(100 * low, 100 * high, 100 * found.accuracy, paper)


_FILTERS: Mapping[str, Callable[..., str]] = {"percent": percent, "points": points}
