"""Validation accuracy over the epochs, a line per group of runs, as a picture."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from gimefive_jax.errors import InputError
from gimefive_jax.plots import save_figure
from gimefive_jax.report.run_groups import Comparison, RunGroup

# Okabe and Ito's colours but for yellow, which is faint on white. Seven colours and four dashes
# have no common divisor: 28 groups look different, in colour and in grey.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("-", "--", "-.", ":")
MOST_GROUPS = len(_COLOURS) * len(_DASHES)


def check_picture(path: Path) -> None:
    """Raise InputError unless a picture can be written to `path`."""
    if path.suffix != ".png":
        raise InputError(f"--picture {path} must end in .png")


def plot_groups(comparison: Comparison, path: Path) -> None:
    """Write the mean over seeds as a line and lowest to highest seed as a band, as PNG."""
    groups = [group for group in comparison.groups if any(run.rows for run in group.runs)]
    if not groups:
        raise InputError("no run has an epoch to draw yet; leave out --picture")
    if len(groups) > MOST_GROUPS:
        raise InputError(
            f"{len(groups)} groups are too many for one picture, {MOST_GROUPS} can be told apart; "
            "name fewer runs"
        )
    legend_columns = 1 if len(groups) <= 6 else 2
    legend_height = 0.24 * -(-len(groups) // legend_columns)
    figure = Figure(figsize=(9, 4.8 + legend_height), layout="constrained")
    axes = figure.subplots()
    for i, group in enumerate(groups):
        _plot_group(axes, group, colour=_COLOURS[i % len(_COLOURS)], dash=_DASHES[i % len(_DASHES)])
    axes.set(xlabel="epoch", ylabel="validation accuracy")
    axes.set_title("Mean over seeds; the band spans lowest to highest seed", fontsize=10)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(alpha=0.3)
    figure.legend(
        loc="outside lower left", ncols=legend_columns, frameon=False, handlelength=3.5, fontsize=9
    )
    save_figure(figure, path)


def _plot_group(axes: Axes, group: RunGroup, *, colour: str, dash: str) -> None:
    logs = [run.rows for run in group.runs if run.rows]
    shared = min(map(len, logs))
    epochs = [row.epoch for row in logs[0][:shared]]
    accuracies = np.array([[row.validation_accuracy for row in rows[:shared]] for rows in logs])
    seeds = f"{len(logs)} seed{'s' if len(logs) > 1 else ''}"
    # One epoch is a dot, which a line alone would not show.
    marker = "o" if shared == 1 else None
    axes.plot(
        epochs,
        accuracies.mean(0),
        color=colour,
        linestyle=dash,
        linewidth=1.8,
        marker=marker,
        label=f"{group.name} ({seeds})",
    )
    if len(logs) > 1:
        axes.fill_between(
            epochs, accuracies.min(0), accuracies.max(0), color=colour, alpha=0.15, linewidth=0
        )
    # Past the shortest run a mean would jump as runs drop out of it: each goes on for itself.
    for rows in logs:
        rest = rows[shared - 1 :]
        if len(rest) > 1:
            axes.plot(
                [row.epoch for row in rest],
                [row.validation_accuracy for row in rest],
                color=colour,
                linestyle=dash,
                linewidth=0.8,
                alpha=0.7,
            )
