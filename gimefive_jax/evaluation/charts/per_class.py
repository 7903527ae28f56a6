"""Precision, recall and F1 of each category."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from gimefive_jax.evaluation.charts.looks import BLUE, GREEN, VERMILION, in_percent
from gimefive_jax.evaluation.measurements import Measure, Measurements
from gimefive_jax.plots import save_figure

_SERIES = {
    "precision": ("s", VERMILION),
    "recall": ("o", BLUE),
    "f1": ("D", GREEN),
}
_TITLES = {"f1": "F1"}


def plot_per_class(found: Measurements, path: Path) -> None:
    """Writes precision, recall and F1 of each category with their 95 % intervals.

    Args:
      found: What was measured.
      path: The PNG file.
    """
    figure = Figure(figsize=(7.2, 1.4 + 0.75 * len(found.per_class)), layout="constrained")
    axes = figure.subplots()
    for number, (name, (marker, colour)) in enumerate(_SERIES.items()):
        title: str | None = _TITLES.get(name, name)
        for place, measures in enumerate(found.per_class.values()):
            measure = measures[name]
            if measure.value is None:
                continue
            axes.errorbar(
                measure.value,
                place + 0.24 * (number - 1),
                xerr=_distances(measure),
                fmt=marker,
                color=colour,
                markersize=6,
                elinewidth=1.4,
                capsize=3,
                label=title,
            )
            # Once in the legend.
            title = None
    axes.set_yticks(range(len(found.per_class)), _names(found.per_class))
    axes.set(xlim=(0, 1), ylim=(len(found.per_class) - 0.5, -0.5))
    axes.set_title(f"{found.count:,} faces; lines are 95 % intervals")
    in_percent(axes, "x")
    for place in range(1, len(found.per_class)):
        axes.axhline(place - 0.5, color="#DDDDDD", linewidth=0.8)
    figure.legend(frameon=False, loc="outside lower center", ncols=len(_SERIES))
    save_figure(figure, path)


def _names(per_class: Mapping[str, Mapping[str, Measure]]) -> list[str]:
    """Each category with the number of its faces."""
    return [f"{emotion}\n{one['recall'].count:,} faces" for emotion, one in per_class.items()]


def _distances(measure: Measure) -> tuple[list[float], list[float]] | None:
    """From the value down and up to the ends of its interval."""
    if measure.value is None or measure.interval_95 is None:
        return None
    low, high = measure.interval_95
    return [max(0.0, measure.value - low)], [max(0.0, high - measure.value)]
