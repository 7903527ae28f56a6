"""What is left wrong where the least confident faces get no prediction."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from gimefive_jax.evaluation.charts.looks import BLUE, GREEN, GREY, VERMILION, in_percent
from gimefive_jax.evaluation.measurements import Abstention, Measurements
from gimefive_jax.plots import save_figure

# Thresholds of the confidence that are marked on the curve.
_MARKED = (0.5, 0.7, 0.9)


def plot_risk_coverage(found: Measurements, path: Path) -> None:
    """Writes the risk-coverage curve beside chance and the best that is possible.

    Args:
      found: What was measured; the curve is of the probabilities that users see.
      path: The PNG file.

    References:
      El-Yaniv and Wiener, 2010, https://jmlr.org/papers/v11/el-yaniv10a.html
    """
    shown = found.shown
    coverage, risk = np.array(shown.risk_coverage.coverage), np.array(shown.risk_coverage.risk)
    error = float(risk[-1])
    figure = Figure(figsize=(6.8, 5.2), layout="constrained")
    axes = figure.subplots()
    axes.axhline(error, color=GREY, linestyle=":", linewidth=1.4, label="by chance")
    # All right answers first.
    every = np.linspace(0.001, 1, 400)
    ideal = np.maximum(0, 1 - (1 - error) / every)
    axes.plot(every, ideal, "--", color=GREEN, linewidth=1.4, label="wrong answers last")
    axes.plot(coverage, risk, color=BLUE, linewidth=2, label="least confident last")
    for threshold, across, up in _marked(shown.abstention):
        axes.plot([across], [up], "o", color=VERMILION, markersize=6)
        # Where there is room: above the curve, or below its left part.
        is_left = across < 0.35
        axes.annotate(
            f"confidence ≥ {threshold:.0%}",
            (across, up),
            xytext=(8, -12 if up > 0.1 * error else 9) if is_left else (-8, 8),
            textcoords="offset points",
            ha="left" if is_left else "right",
            fontsize=9,
        )
    kind = "raw" if found.calibrated is None else "calibrated"
    axes.set(
        xlim=(0, 1),
        ylim=(0, None),
        xlabel="coverage (share of the faces that get a prediction)",
        ylabel="risk (share of these predictions that is wrong)",
        title=f"{found.count:,} faces by {kind} confidence",
    )
    in_percent(axes, "x", "y")
    figure.legend(frameon=False, loc="outside lower center", ncols=3)
    save_figure(figure, path)


def _marked(points: Sequence[Abstention]) -> list[tuple[float, float, float]]:
    """Threshold, coverage and risk where readers look, far enough apart for their words."""
    kept: list[tuple[float, float, float]] = []
    for one in points:
        far = not kept or kept[-1][1] - one.coverage > 0.15
        if one.threshold in _MARKED and one.risk is not None and one.coverage > 0.02 and far:
            kept.append((one.threshold, one.coverage, one.risk))
    return kept
