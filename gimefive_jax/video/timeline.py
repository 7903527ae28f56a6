"""The scores of each face over time, as a picture."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from gimefive_jax.plots import save_figure
from gimefive_jax.video.table import SMOOTHED

# Okabe and Ito's colours, told apart with any colour vision; the lines differ too.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
_LINES = ("-", "--", "-.")
# More would be too small to read; the table has all.
_MOST_TRACKS = 8
# Points per line: more than a picture has columns of pixels.
_MOST_POINTS = 4000
# In seconds: a face that was away for longer has no line across.
_GAP = 1.0


@dataclasses.dataclass(frozen=True, eq=False)
class _TrackScores:
    number: int
    times: Float[np.ndarray, " frame"]
    scores: Float[np.ndarray, "category frame"]


def plot_timeline(
    parts: Sequence[Path], categories: Sequence[str], out: Path, *, title: str
) -> None:
    """Draws the smoothed scores of the longest tracks against time, one below the other.

    Args:
      parts: Files of `table.write_rows`, in order; at least one.
      categories: Of the model, in its order.
      out: PNG file to write.
      title: Stands above.
    """
    tracks = _longest_tracks(parts, categories)
    count = max(len(tracks), 1)
    figure = Figure(figsize=(11, 1.4 + 2.1 * count), layout="constrained")
    axes: list[Axes] = list(figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0])
    for one, track in zip(axes, tracks, strict=False):
        _draw_track(one, track, categories)
    if not tracks:
        axes[0].set(title="no face was found", yticks=[])
    else:
        figure.legend(
            *axes[0].get_legend_handles_labels(),
            loc="outside upper center",
            ncols=len(categories),
            frameon=False,
            title=title,
        )
    axes[-1].set_xlabel("time (s)")
    save_figure(figure, out)


def _draw_track(axes: Axes, track: _TrackScores, categories: Sequence[str]) -> None:
    gaps = np.flatnonzero(np.diff(track.times) > _GAP) + 1
    times = np.insert(track.times, gaps, np.nan)
    for i, (category, scores) in enumerate(zip(categories, track.scores, strict=True)):
        axes.plot(
            times,
            np.insert(scores, gaps, np.nan),
            label=category,
            color=_COLOURS[i % len(_COLOURS)],
            linestyle=_LINES[i % len(_LINES)],
            linewidth=1.4,
        )
    axes.set(ylim=(0, 1.02), ylabel=f"face {track.number}")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(alpha=0.3)


def _longest_tracks(parts: Sequence[Path], categories: Sequence[str]) -> list[_TrackScores]:
    names = [f"{SMOOTHED}{category}" for category in categories]
    table = pa.concat_tables(
        pq.read_table(part, columns=["time", "track", *names]) for part in parts
    )
    table = table.filter(pc.is_valid(table["track"]))
    numbers, counts = np.unique(table["track"].to_numpy(), return_counts=True)
    longest = sorted(numbers[np.argsort(-counts, kind="stable")[:_MOST_TRACKS]].tolist())
    return [_scores_of(table, number, names) for number in longest]


def _scores_of(table: pa.Table, number: int, names: Sequence[str]) -> _TrackScores:
    rows = table.filter(pc.equal(table["track"], number))
    rows = rows.take(np.arange(0, len(rows), max(1, len(rows) // _MOST_POINTS)))
    scores = np.stack([rows[name].to_numpy() for name in names])
    return _TrackScores(number, rows["time"].to_numpy(), scores)
