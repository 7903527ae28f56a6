"""Accuracy under corruptions: a small plot for each."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gimefive_jax.evaluation.charts.looks import BLUE, GREY, VERMILION, in_percent
from gimefive_jax.evaluation.corruptions.robustness import CorruptionCurve, Robustness
from gimefive_jax.plots import save_figure

_COLUMNS = 5


def plot_corruptions(found: Robustness, path: Path) -> None:
    """Writes accuracy and confidence over the strength of each corruption.

    Args:
      found: What was measured.
      path: The PNG file.
    """
    rows = -(-len(found.curves) // _COLUMNS)
    figure = Figure(figsize=(13, 0.9 + 2.75 * rows), layout="constrained")
    grid = figure.subplots(rows, _COLUMNS, sharey=True, squeeze=False)
    for axes, curve in zip(grid.flat, found.curves, strict=False):
        _plot_curve(axes, curve, found)
    for axes in list(grid.flat)[len(found.curves) :]:
        axes.set_visible(False)
    for first in grid[:, 0]:
        first.set_ylabel("share of the faces")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside lower center", ncols=3)
    figure.suptitle(
        f"{found.count:,} faces, accuracy {found.accuracy:.1%}; "
        f"mean relative drop over corruptions {found.relative_drop:.1%}"
    )
    save_figure(figure, path)


def _plot_curve(axes: Axes, curve: CorruptionCurve, found: Robustness) -> None:
    # Steps from weak to strong, evenly spaced: the units differ too much for one scale.
    steps = np.arange(len(curve.scores) + 1)
    accuracy = [found.accuracy, *(one.accuracy for one in curve.scores)]
    intervals = [found.accuracy_interval_95, *(one.accuracy_interval_95 for one in curve.scores)]
    low, high = np.array(intervals).T
    confidence = [found.confidence, *(one.confidence for one in curve.scores)]
    axes.axhline(found.accuracy, color=GREY, linewidth=1, linestyle=":", label="accuracy, as it is")
    axes.fill_between(steps, low, high, color=BLUE, alpha=0.18, linewidth=0)
    axes.plot(steps, accuracy, "o-", color=BLUE, markersize=4, label="accuracy, 95 % interval")
    axes.plot(steps, confidence, "s--", color=VERMILION, markersize=3, label="mean confidence")
    axes.set_xticks(steps, ["–", *(f"{one.strength:g}" for one in curve.scores)])
    change = f"{-curve.relative_drop:+.1%}".replace("-", "−")
    axes.set_title(f"{curve.title}: {change}", fontsize=11)
    axes.set_xlabel(curve.unit, fontsize=9)
    axes.set_ylim(0, 1)
    in_percent(axes, "y")
