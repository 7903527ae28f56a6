"""The evidence chart: bars of each method beside its baselines, as positions on one scale."""

import dataclasses
import math

from gimefive_jax.explained.evidence import EvidenceSummary
from gimefive_jax.explained.evidence_file import Evidence


@dataclasses.dataclass(frozen=True)
class Bar:
    """One method's mean share, its interval, and its words; positions are percent of the scale."""

    method: str
    share: float
    length: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class BarRow:
    """One category: bars per method, and marks that hold for all of them."""

    name: str
    count: int
    bars: tuple[Bar, ...]
    chance: float
    centre_gaussian: float
    edges: float
    best_cell: float


@dataclasses.dataclass(frozen=True)
class Chart:
    """All categories at one layer."""

    grid: str
    ticks: tuple[tuple[float, str], ...]
    """Position in percent of the scale, and text."""
    rows: tuple[BarRow, ...]


def make_chart(evidence: Evidence, layer: str) -> Chart:
    """Makes the chart of all methods at a layer: the whole split, then each category with faces.

    Args:
      evidence: Shares by method and layer.
      layer: Whose maps are shown.
    """
    found = {method: layers[layer] for method, layers in evidence.maps.items() if layer in layers}
    first = next(iter(found.values()))
    groups: dict[str, dict[str, EvidenceSummary]] = {
        "all": {method: maps.all for method, maps in found.items()}
    }
    for emotion, summary in first.per_category.items():
        if summary is not None:
            groups[emotion] = {
                method: part
                for method, maps in found.items()
                if (part := maps.per_category[emotion]) is not None
            }
    top = max(_largest(part) for group in groups.values() for part in group.values())
    # Up to a full tenth, so that the ticks are round; less a crumb, as 1.0000000002 is 1.
    end = max(1, math.ceil(top * 10 - 1e-6)) / 10
    rows, columns = first.grid
    return Chart(
        grid=f"{rows}×{columns}",
        ticks=_ticks(end),
        rows=tuple(_row(name, group, end) for name, group in groups.items()),
    )


def _ticks(end: float) -> tuple[tuple[float, str], ...]:
    # At most eight steps: more would run into each other on a phone.
    step = 10 if end <= 0.8 else 20
    percents = range(0, round(100 * end) + 1, step)
    return tuple((percent / end, f"{percent}") for percent in percents)


def _largest(summary: EvidenceSummary) -> float:
    # No map beats the best cell, so nothing else can lie farther right.
    return max(summary.best_cell, summary.share_interval_95[1])


def _row(name: str, group: dict[str, EvidenceSummary], end: float) -> BarRow:
    any_summary = next(iter(group.values()))
    return BarRow(
        name=name,
        count=any_summary.count,
        bars=tuple(
            Bar(
                method=method,
                share=summary.share,
                length=100 * summary.share / end,
                low=100 * summary.share_interval_95[0] / end,
                high=100 * summary.share_interval_95[1] / end,
            )
            for method, summary in group.items()
        ),
        chance=100 * any_summary.chance / end,
        centre_gaussian=100 * any_summary.beside["centre_gaussian"].share / end,
        edges=100 * any_summary.beside["edges"].share / end,
        best_cell=100 * any_summary.best_cell / end,
    )
