"""Tables and the picture of curves that the campaign's results come to."""

import math
import os
import statistics
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from benchmarks.campaign_plan import RECIPES
from benchmarks.campaign_runs import SPLITS, Result
from gimefive_jax import files
from gimefive_jax.runs import LogRow, RunFolder

_TITLES = {
    "validation": "validation",
    "test": "official test",
    "test_deduplicated": "test, deduplicated",
    "public_test": "public test",
    "private_test": "private test",
}
# Okabe and Ito's blue and vermilion, told apart by their lines as well.
_STYLES = {
    "paper": {"color": "#0072B2", "linestyle": "--"},
    "modern": {"color": "#D55E00", "linestyle": "-"},
}


def spread(values: Sequence[float]) -> str:
    """Mean and sample standard deviation of shares, in percent; of one value there is no spread."""
    percents = [100 * value for value in values]
    if len(percents) < 2:
        return f"{percents[0]:.2f}"
    return f"{statistics.mean(percents):.2f} ± {statistics.stdev(percents):.2f}"


def summary_table(results: Sequence[Result]) -> str:
    """A row of means for each group of trials that differ in their seed, in their order."""
    splits = _splits(results)
    titles = " | ".join(_TITLES[name] for name in splits)
    lines = [
        f"| recipe | seeds | epochs | best epoch | {titles} |",
        f"|---|---|---|---|{'---|' * len(splits)}",
    ]
    for group in dict.fromkeys(result["group"] for result in results):
        members = [result for result in results if result["group"] == group]
        cells = [
            spread([one["accuracy"][name] for one in members])
            if all(name in one["accuracy"] for one in members)
            else "-"
            for name in splits
        ]
        epochs, best = (
            _range([one[field] for one in members]) for field in ("epochs", "best_epoch")
        )
        lines.append(f"| {group} | {len(members)} | {epochs} | {best} | {' | '.join(cells)} |")
    return "\n".join(lines)


def seed_table(results: Sequence[Result]) -> str:
    """A row for each trial, group by group."""
    groups = list(dict.fromkeys(result["group"] for result in results))
    results = sorted(results, key=lambda one: (groups.index(one["group"]), one["seed"]))
    splits = _splits(results)
    titles = " | ".join(
        f"{_TITLES[name]} ({results[0]['count'].get(name, 0):,})" for name in splits
    )
    lines = [
        f"| recipe | seed | epochs | best epoch | {titles} | minutes of steps | faces/s |",
        f"|---|---|---|---|{'---|' * len(splits)}---|---|",
    ]
    for one in results:
        accuracy = one["accuracy"]
        cells = [f"{100 * accuracy[name]:.2f}" if name in accuracy else "-" for name in splits]
        lines.append(
            f"| {one['group']} | {one['seed']} | {one['epochs']:.0f} | {one['best_epoch']:.0f} "
            f"| {' | '.join(cells)} | {one['steps_minutes']:.1f} "
            f"| {one['images_per_second']:,.0f} |"
        )
    return "\n".join(lines)


def write_recipes(
    path: Path, results: Sequence[Result], *, runs: Path, picture: Path, facts: str, command: str
) -> None:
    """Write the comparison of both recipes to `path`, and its curves to `picture`.

    `command` is what a user types for all of it.
    """
    chosen = [one for one in results if one["group"] in RECIPES]
    if not chosen:
        return
    plot_recipes(chosen, runs, picture)
    commands = "\n".join(
        f"{one['command']} --workdir runs/{one['name']}\n"
        f"gimefive evaluate runs/{one['name']} --split test"
        for one in chosen
    )
    relative = Path(os.path.relpath(picture, path.parent)).as_posix()
    files.write_text(
        path,
        "# The paper's recipe and a modern one\n\n"
        f"{facts}\n\nAccuracy in percent: mean and sample standard deviation over seeds. Each "
        "checkpoint is the one with the best validation accuracy; the deduplicated test split "
        "leaves out every image whose pixels equal those of an image of the official train part."
        f"\n\n{summary_table(chosen)}\n\n{seed_table(chosen)}\n\n"
        f"![Validation accuracy and loss of each seed by epoch]({relative})\n\n"
        f"All of it is one command, `{command}`; "
        "run by run it is these, of which evaluation takes the other splits too:\n\n"
        f"```\n{commands}\n```\n",
    )


def plot_recipes(results: Sequence[Result], runs: Path, path: Path) -> None:
    """Write validation accuracy and loss of each trial against epochs as PNG."""
    figure = Figure(figsize=(10, 3.8), layout="constrained")
    accuracy, loss = figure.subplots(1, 2)
    seen = set[str]()
    for one in results:
        rows, group = RunFolder(runs / one["name"]).read_log(), one["group"]
        label = None if group in seen else f"{group} recipe"
        seen.add(group)
        for axes, field in ((accuracy, "validation_accuracy"), (loss, "validation_loss")):
            axes.plot(
                [row.epoch for row in rows],
                [getattr(row, field) for row in rows],
                label=label,
                linewidth=1.4,
                **_STYLES[group],
            )
        _mark_best(accuracy, rows, color=_STYLES[group]["color"])
    accuracy.set(title="Validation accuracy (★ the checkpoint kept)")
    accuracy.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    figure.legend(*accuracy.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    loss.set(title="Validation loss", ylabel="cross-entropy (nats)")
    for axes in (accuracy, loss):
        axes.set_xlabel("epoch; a line per seed")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    with files.replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


def _mark_best(axes: Axes, rows: Sequence[LogRow], *, color: str) -> None:
    best = max(rows, key=lambda row: row.validation_accuracy)
    axes.plot(
        best.epoch,
        best.validation_accuracy,
        "*",
        color=color,
        markeredgecolor="black",
        markersize=11,
        zorder=3,
    )


def _splits(results: Sequence[Result]) -> list[str]:
    return [name for name in SPLITS if any(name in one["accuracy"] for one in results)]


def _range(values: Sequence[float]) -> str:
    low, high = (math.floor(value + 0.5) for value in (min(values), max(values)))
    return str(low) if low == high else f"{low} to {high}"
