"""The page of a faithfulness report: one self-contained HTML file over what was measured."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from gimefive_jax import files
from gimefive_jax.data import Split
from gimefive_jax.explained.pictures import colour
from gimefive_jax.faithfulness import Estimate, Faithfulness, MeasuredMaps, MeasuredSplit
from gimefive_jax.report.faithfulness_charts import (
    WIDE,
    LineChart,
    Series,
    dot_chart,
    line_chart,
)
from gimefive_jax.report.faithfulness_faces import category_faces, chosen_rows, face_cards
from gimefive_jax.report.faithfulness_regions import category_regions, claims
from gimefive_jax.report.templating import render

# In the order in which a reader needs them; charts are drawn of those that were measured.
_CHARTS = ("road", "deletion", "insertion", "planted_evidence", "action_units")
_THEMES = {
    "When pixels go or come": (
        *("road", "road_morf", "road_lerf", "deletion", "deletion_blurred", "insertion"),
        *("average_drop", "increase", "adcc", "coherency"),
    ),
    "Where the evidence lies": (
        *("planted_evidence", "action_units", "pointing_action_units", "paper_regions"),
        *("paper_enrichment", "regions_like_occlusion", "regions_like_integrated_gradients"),
    ),
}
_OTHERS = "Stability, sanity, simplicity, completeness"
_RIGHT_PER_CATEGORY, _MOST_LINES = 2, 5
_SHARES = tuple((share / 4, f"{25 * share} %") for share in range(5))
# ROAD takes away from 10 to 90 % of the pixels.
_ROAD_SHARES = tuple((share / 4, f"{10 + 20 * share} %") for share in range(5))


def write_faithfulness_page(path: Path, measured: MeasuredSplit, split: Split) -> None:
    """Writes the page in one step; it needs no other file, no network and no script.

    Args:
      path: The HTML file.
      measured: What was measured; its pictures are those of the first map.
      split: The faces.
    """
    files.write_text(path, render_faithfulness(measured, split))


def render_faithfulness(measured: MeasuredSplit, split: Split) -> str:
    """Gives the page as HTML.

    Args:
      measured: What was measured.
      split: The faces.
    """
    found = measured.summary
    chooser = next((name for name in _CHARTS if name in found.maps[0].measures), "")
    chosen = chosen_rows(measured, chooser, per_category=_RIGHT_PER_CATEGORY)

    def cards(rows: tuple[int, ...], metric: str = "") -> object:
        return face_cards(rows, measured, split, metric=metric)

    return render(
        "faithfulness.html.j2",
        filters=_FILTERS,
        found=found,
        shown=found.maps[0],
        methods=[one for one in found.maps if not one.is_baseline],
        themes=_themes(found),
        charts=[chart for name in _CHARTS if (chart := dot_chart(found, name)) is not None],
        faces=category_faces(measured, split),
        regions=category_regions(found),
        claims=claims(found),
        sanity=_sanity_chart(found),
        curves=_curve_charts(found),
        chooser=chooser,
        right=cards(chosen.right),
        wrong=cards(chosen.wrong),
        most=cards(chosen.most, chooser),
        least=cards(chosen.least, chooser),
        is_drawn=found.data.startswith("drawn_faces"),
        ramp=[f"rgb({r} {g} {b})" for r, g, b in colour(np.linspace(0, 1, 9)[None])[0]],
    )


def _themes(found: Faithfulness) -> dict[str, list[str]]:
    """Metrics that have a direction, by what they are about."""
    known = [name for name, note in found.metrics.items() if note.better != "neither"]
    themes = {title: [one for one in of_it if one in known] for title, of_it in _THEMES.items()}
    listed = {name for of_it in themes.values() for name in of_it}
    themes[_OTHERS] = [name for name in known if name not in listed]
    return {title: of_it for title, of_it in themes.items() if of_it}


def _sanity_chart(found: Faithfulness) -> LineChart | None:
    """Rank correlation with the trained network's maps, stage by stage."""
    tested = [one for one in found.maps if one.sanity][:_MOST_LINES]
    if not tested:
        return None
    stages = tested[0].sanity
    return line_chart(
        [
            Series(
                _name(one, found),
                tuple(stage.spearman.mean for stage in one.sanity),
                tuple(stage.spearman.interval_95 for stage in one.sanity),
            )
            for one in tested
            if len(one.sanity) == len(stages)
        ],
        title="Rank correlation with the maps of the trained network",
        x_title="layers initialised anew, from the head down to",
        y_title="Spearman",
        x_ticks=[
            (number / max(1, len(stages) - 1), stage.layer.removesuffix("/conv"))
            for number, stage in enumerate(stages)
            # Names of a deep network would run into each other.
            if number % (1 + len(stages) // 12) == 0
        ],
        width=WIDE,
        y_range=(min(0.0, *(s.spearman.interval_95[0] for o in tested for s in o.sanity)), 1.0),
    )


def _curve_charts(found: Faithfulness) -> list[LineChart]:
    charts = []
    for name in dict.fromkeys(name for one in found.maps for name in one.curves):
        having = [one for one in found.maps if name in one.curves]
        grid = found.maps[0].grid
        drawn = [one for one in having if not one.is_baseline][: _MOST_LINES - 2]
        drawn += [
            one
            for one in having
            if one.is_baseline and one.grid == grid and one.method in ("random", "centre_gaussian")
        ]
        values = [value for one in drawn for value in one.curves[name]]
        charts.append(
            line_chart(
                [Series(_name(one, found), one.curves[name]) for one in drawn],
                title=_curve_title(name, found),
                x_title="pixels changed, in the order of the map",
                y_title="probability",
                x_ticks=_ROAD_SHARES if name.startswith("road") else _SHARES,
                y_range=(min(0.0, *values), max(values)),
            )
        )
    return charts


def _curve_title(name: str, found: Faithfulness) -> str:
    note = found.metrics.get(name.removesuffix("_curve"))
    return name.replace("_", " ") if note is None else note.title.removesuffix(" AUC")


def _name(maps: MeasuredMaps, found: Faithfulness) -> str:
    """Title, and the layer where a method is measured at several."""
    several = len({one.layer for one in found.maps if one.method == maps.method}) > 1
    return f"{maps.title}, {maps.layer}" if several and not maps.is_baseline else maps.title


def _percent(share: float | None, digits: int = 0) -> str:
    # A narrow space that does not break, as typesetters put it.
    return "–" if share is None else f"{100 * share:.{digits}f}\u202f%"


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _range(estimate: Estimate | None, digits: int = 3, scale: float = 1) -> str:
    if estimate is None:
        return ""
    low, high = (scale * end for end in estimate.interval_95)
    return f"{low:.{digits}f} to {high:.{digits}f}"


def _arrow(better: str) -> str:
    return {"higher": "↑ higher is better", "lower": "↓ lower is better"}.get(better, "")


_FILTERS: Mapping[str, Callable[..., str]] = {
    "percent": _percent,
    "number": _number,
    "range": _range,
    "arrow": _arrow,
}
