"""The reliability diagram: accuracy beside confidence."""

from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from gimefive_jax import statistics
from gimefive_jax.evaluation.calibration import Bins, make_bins
from gimefive_jax.plots import save_figure
from gimefive_jax.readout import PLAIN, Readout

# Okabe and Ito's vermilion and blue, told apart by their markers and lines as well.
_AS_GIVEN, _CALIBRATED = ("s--", "#D55E00"), ("o-", "#0072B2")


def plot_reliability(
    logits: Float[np.ndarray, "face emotion"],
    labels: Int[np.ndarray, " face"],
    path: Path,
    *,
    readout: Readout = PLAIN,
) -> None:
    """Writes the reliability diagram: accuracy against confidence in 15 groups of faces.

    Once as the network says it, and once as `readout` calibrates it if it does; bars are Wilson's
    95 % intervals.

    Args:
      logits: As the network gave them, `[face, emotion]`.
      labels: True categories, `[face]`.
      path: The PNG file.
      readout: How the logits become probabilities.

    References:
      Guo et al., 2017, "On calibration of modern neural networks", https://arxiv.org/abs/1706.04599
    """
    figure = Figure(figsize=(6.4, 6.9), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="black", linewidth=1, label="accuracy = confidence")
    for one in dict.fromkeys((PLAIN, Readout(scaling=readout.scaling))):
        bins = make_bins(logits, labels, readout=one, equal="mass")
        kind = one.scaling.describe()
        name = f"calibrated, {kind}" if one.is_calibrated else "raw (as the network says)"
        label = f"{name}: error {bins.expected_error:.1%}"
        shape, colour = _CALIBRATED if one.is_calibrated else _AS_GIVEN
        axes.errorbar(
            bins.confidence,
            bins.accuracy,
            yerr=_intervals(bins),
            fmt=shape,
            label=label,
            markersize=5,
            linewidth=1.4,
            elinewidth=0.8,
            capsize=2,
            color=colour,
        )
    axes.set(
        xlim=(0, 1),
        ylim=(0, 1),
        aspect="equal",
        xlabel="confidence (mean probability of the predicted category)",
        ylabel="accuracy (share of these faces that is right)",
        title=f"{len(labels):,} faces in {len(bins.count)} groups by confidence",
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(alpha=0.3)
    figure.legend(frameon=False, loc="outside lower center")
    save_figure(figure, path)


def _intervals(bins: Bins) -> Float[np.ndarray, "2 bin"]:
    """Distances from the accuracies down and up to the ends of their intervals."""
    hits = (bins.accuracy * bins.count).round().astype(int)
    ends = [
        statistics.wilson_interval(int(hit), int(count))
        for hit, count in zip(hits, bins.count, strict=True)
    ]
    low, high = np.array(ends).T
    return np.stack([bins.accuracy - low, high - bins.accuracy]).clip(0)
