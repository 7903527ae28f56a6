"""Spreads, and intervals for shares, means and differences."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

Z_95 = 1.959963984540054


@dataclasses.dataclass(frozen=True)
class Spread:
    """Mean and spread of a few values."""

    count: int
    mean: float
    deviation: float | None
    """Sample standard deviation, n - 1 below the line; None for a single value."""
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread | None:
    """Spread of `values`; None where there are none."""
    if not values:
        return None
    low, high = min(values), max(values)
    # Equal values have no spread, not that of a rounded mean.
    mean = low if low == high else math.fsum(values) / len(values)
    squares = math.fsum((value - mean) ** 2 for value in values)
    return Spread(
        count=len(values),
        mean=mean,
        deviation=math.sqrt(squares / (len(values) - 1)) if len(values) > 1 else None,
        low=low,
        high=high,
    )


def welch_interval(values: Sequence[float], others: Sequence[float]) -> tuple[float, float] | None:
    """95 % interval of the difference of means, `values` less `others`, by Welch's t (1947).

    Groups may differ in size and spread. None where a group has fewer than two values, or where no
    value differs from the others of its group: then nothing says how much chance there is.
    """
    # Imported here: importing scipy.stats takes longer than most commands.
    from scipy.stats import t

    first, second = spread(values), spread(others)
    if first is None or second is None or first.deviation is None or second.deviation is None:
        return None
    parts = (first.deviation**2 / first.count, second.deviation**2 / second.count)
    variance = sum(parts)
    if variance == 0:
        return None
    # Welch and Satterthwaite's degrees of freedom.
    freedom = variance**2 / (parts[0] ** 2 / (first.count - 1) + parts[1] ** 2 / (second.count - 1))
    difference = first.mean - second.mean
    half = float(t.ppf(0.975, freedom)) * math.sqrt(variance)
    return difference - half, difference + half


def wilson_interval(hits: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927): sound for small counts and shares near 0 or 1."""
    if count == 0:
        return 0.0, 1.0
    share, spread = hits / count, Z_95**2 / count
    centre = (share + spread / 2) / (1 + spread)
    half = Z_95 * math.sqrt(share * (1 - share) / count + spread / count / 4) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def bootstrap_mean_interval(
    values: Float[np.ndarray, " n"], *, seed: int = 0, num_draws: int = 2000
) -> tuple[float, float]:
    """95 % percentile interval of the mean over resampled values."""
    generator = np.random.default_rng(seed)
    means = [
        values[generator.integers(0, len(values), len(values))].mean() for _ in range(num_draws)
    ]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
