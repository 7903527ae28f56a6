"""The table of a faithfulness report: a row per map, a column per metric with its direction."""

from collections.abc import Sequence

from gimefive_jax.faithfulness import Faithfulness, Measure, MeasuredMaps
from gimefive_jax.report.faithfulness_charts import is_compared
from gimefive_jax.report.tables import Cell, Column, Table

# What fits into a terminal; the page and faithfulness.json hold every metric.
_HEADLINE = (
    *("road", "deletion", "insertion", "planted_evidence", "action_units", "paper_enrichment"),
    *("max_sensitivity", "random_logit"),
)
_ARROWS = {"higher": "↑", "lower": "↓", "neither": ""}


def faithfulness_table(found: Faithfulness) -> Table:
    """Gives a row per map and baseline, and the mean of each metric with half its interval.

    Args:
      found: What was measured.

    Returns:
      The table; a star marks what beats the centre Gaussian and the category's mean map by the
      whole 95 % interval.
    """
    names = [name for name in _HEADLINE if name in found.metrics] or list(found.metrics)
    columns = [
        Column("method", is_text=True),
        Column("layer", is_text=True),
        Column("faces"),
        *(
            Column(name, title=f"{note.title} {_ARROWS[note.better]}".strip())
            for name in names
            if (note := found.metrics[name])
        ),
    ]
    return Table(
        columns=tuple(columns),
        rows=tuple(_row(one, names) for one in found.maps if is_compared(one, found)),
        title=(
            f"{found.model} on {found.data} {found.split}, explained: the predicted category; "
            "± half of the 95 % interval"
        ),
    )


def _row(maps: MeasuredMaps, names: Sequence[str]) -> tuple[Cell, ...]:
    cells = [_cell(maps.measures.get(name)) for name in names]
    return (maps.title, maps.layer, maps.count, *cells)


def _cell(measure: Measure | None) -> str | None:
    if measure is None or measure.all is None:
        return None
    low, high = measure.all.interval_95
    star = "*" if measure.is_useful else ""
    return f"{measure.all.mean:.3f}±{(high - low) / 2:.3f}{star}"
