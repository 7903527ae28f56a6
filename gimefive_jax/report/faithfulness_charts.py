"""Charts of a faithfulness page: means with intervals on one scale, and lines over steps."""

import dataclasses
import math
from collections.abc import Callable, Sequence

from gimefive_jax.faithfulness import Estimate, Faithfulness, MeasuredMaps, MetricNote
from gimefive_jax.faithfulness.baselines import CLASS_MEAN, class_mean_layer

# Of a chart of lines, in units of its own; the page scales it.
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 520, 300, 46, 46, 14, 20
WIDE = 1060
# Told apart without colour as well: each has a dash of its own.
_DASHES = ("", "7 4", "2 3", "10 3 2 3", "1 5", "14 4")


@dataclasses.dataclass(frozen=True)
class Dot:
    """A mean with its interval; positions in percent of the scale."""

    name: str
    detail: str
    is_baseline: bool
    is_useful: bool | None
    place: float
    low: float
    high: float
    text: str


@dataclasses.dataclass(frozen=True)
class DotChart:
    """One metric of every map."""

    metric: str
    note: MetricNote
    ticks: tuple[tuple[float, str], ...]
    dots: tuple[Dot, ...]


@dataclasses.dataclass(frozen=True)
class Line:
    """One series of a chart of lines."""

    name: str
    number: int
    dash: str
    points: str
    """x and y of each point, as SVG takes them."""
    dots: tuple[tuple[float, float], ...]
    bars: tuple[tuple[float, float, float], ...]
    """x, low and high of each interval; empty where there is none."""


@dataclasses.dataclass(frozen=True)
class LineChart:
    """Lines over common steps."""

    title: str
    x_title: str
    y_title: str
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    lines: tuple[Line, ...]
    width: int
    height: int = HEIGHT
    left: int = LEFT
    bottom: int = BOTTOM
    right: int = RIGHT


@dataclasses.dataclass(frozen=True)
class Series:
    """Values to be drawn as a line."""

    name: str
    values: tuple[float, ...]
    intervals: tuple[tuple[float, float], ...] = ()


def dot_chart(found: Faithfulness, metric: str) -> DotChart | None:
    """Makes the chart of a metric; None where no map has it.

    Args:
      found: What was measured.
      metric: Its name.
    """
    known = [
        (maps, measure.all)
        for maps in found.maps
        if is_compared(maps, found)
        and (measure := maps.measures.get(metric)) is not None
        and measure.all is not None
    ]
    if not known:
        return None
    low = min(estimate.interval_95[0] for _, estimate in known)
    high = max(estimate.interval_95[1] for _, estimate in known)
    ticks = nice_ticks(low, high)
    start, end = ticks[0], ticks[-1]

    def place(value: float) -> float:
        return 100 * (value - start) / (end - start)

    return DotChart(
        metric=metric,
        note=found.metrics[metric],
        ticks=tuple((place(tick), f"{tick:g}") for tick in ticks),
        dots=tuple(_dot(maps, estimate, metric, place) for maps, estimate in known),
    )


def is_compared(maps: MeasuredMaps, found: Faithfulness) -> bool:
    """Says whether maps stand beside the shown one: methods, and the baselines on its grid.

    Args:
      maps: Of a method or a baseline.
      found: What was measured.
    """
    shown = found.maps[0]
    if maps.method == CLASS_MEAN:
        return maps.layer == class_mean_layer(*shown.key)
    return not maps.is_baseline or maps.grid == shown.grid


def _dot(
    maps: MeasuredMaps, estimate: Estimate, metric: str, place: Callable[[float], float]
) -> Dot:
    low, high = estimate.interval_95
    return Dot(
        name=maps.title,
        detail=f"{maps.layer}, {estimate.count:,} faces",
        is_baseline=maps.is_baseline,
        is_useful=maps.measures[metric].is_useful,
        place=place(estimate.mean),
        low=place(low),
        high=place(high),
        text=f"{estimate.mean:.3f}",
    )


def line_chart(
    series: Sequence[Series],
    *,
    title: str,
    x_title: str,
    y_title: str,
    x_ticks: Sequence[tuple[float, str]],
    y_range: tuple[float, float],
    width: int = WIDTH,
) -> LineChart:
    """Makes a chart of lines over common steps, evenly spaced.

    Args:
      series: Each from the first step to the last.
      title: Of the chart.
      x_title: Below it.
      y_title: Beside it.
      x_ticks: Share of the way from the first step to the last, and text.
      y_range: Least and greatest value that there is room for.
      width: Of the drawing; a wide one is as high as others.
    """
    ticks = nice_ticks(*y_range)
    low, high = ticks[0], ticks[-1]

    def x(share: float) -> float:
        return round(LEFT + share * (width - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - BOTTOM - TOP), 1)

    def line(number: int, one: Series) -> Line:
        last = max(1, len(one.values) - 1)
        dots = tuple((x(step / last), y(value)) for step, value in enumerate(one.values))
        return Line(
            name=one.name,
            number=number,
            dash=_DASHES[number % len(_DASHES)],
            points=" ".join(f"{across},{up}" for across, up in dots),
            dots=dots,
            bars=tuple(
                (x(step / last), y(lo), y(hi)) for step, (lo, hi) in enumerate(one.intervals)
            ),
        )

    return LineChart(
        title=title,
        x_title=x_title,
        y_title=y_title,
        x_ticks=tuple((x(share), text) for share, text in x_ticks),
        y_ticks=tuple((y(tick), f"{tick:g}") for tick in ticks),
        lines=tuple(line(number, one) for number, one in enumerate(series)),
        width=width,
    )


def nice_ticks(low: float, high: float) -> tuple[float, ...]:
    """Gives round numbers from below `low` to above `high`, four to nine of them.

    Args:
      low: Least value.
      high: Greatest value.

    Example:
      >>> nice_ticks(0.03, 0.41)
      (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    """
    if high - low < 1e-9:
        low, high = low - 0.05, high + 0.05
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(round(number * step, 10) for number in range(first, last + 1))
