"""Mean and spread of values; confidence intervals of shares, means and differences."""

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Int

Z_95 = 1.959963984540054
# Bounds the memory of a bootstrap: its counts are an array [draw, row].
_DRAWS_AT_A_TIME = 250


@dataclasses.dataclass(frozen=True)
class Spread:
    """Mean and spread of a few values."""

    count: int
    mean: float
    deviation: float | None
    """Sample standard deviation (divisor n - 1); None for a single value."""
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread | None:
    """Computes mean, sample standard deviation and range of some values.

    Args:
      values: Any number of values.

    Returns:
      Their spread; None where there are no values.

    Example:
      >>> from gimefive_jax.statistics import spread
      >>> spread([0.7, 0.8]).mean
      0.75
    """
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
    """Computes the 95 % interval of the difference of two means by Welch's t.

    The groups may differ in size and in spread.

    Args:
      values: Values of the first group.
      others: Values of the second group, whose mean is subtracted.

    Returns:
      Lower and upper end. None where a group has fewer than two values, or where all values of each
      group are equal: their variance is then unknown.

    References:
      Welch, 1947, https://doi.org/10.1093/biomet/34.1-2.28
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
    """Computes Wilson's 95 % interval of a share.

    It holds for small counts and for shares near 0 or 1 too.

    Args:
      hits: Number of successes, at most `count`.
      count: Number of trials.

    Returns:
      Lower and upper end, each from 0 to 1; 0 and 1 where there are no trials.

    References:
      Wilson, 1927, https://doi.org/10.1080/01621459.1927.10502953

    Example:
      >>> from gimefive_jax.statistics import wilson_interval
      >>> [round(end, 4) for end in wilson_interval(4231, 5945)]
      [0.7, 0.7231]
    """
    if count == 0:
        return 0.0, 1.0
    share, spread = hits / count, Z_95**2 / count
    centre = (share + spread / 2) / (1 + spread)
    half = Z_95 * math.sqrt(share * (1 - share) / count + spread / count / 4) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def bootstrap_mean_interval(
    values: Float[np.ndarray, " n"], *, seed: int = 0, num_draws: int = 2000
) -> tuple[float, float]:
    """Computes the 95 % percentile bootstrap interval of a mean.

    Args:
      values: The sample, `[n]`.
      seed: Seed of the resampling.
      num_draws: Number of samples drawn, each of n values with replacement.

    Returns:
      Lower and upper end.
    """
    low, high = bootstrap_mean_intervals(values[:, None], seed=seed, num_draws=num_draws)[0]
    return float(low), float(high)


def bootstrap_mean_intervals(
    values: Float[np.ndarray, "n column"],
    *,
    groups: Int[np.ndarray, " n"] | None = None,
    seed: int = 0,
    num_draws: int = 2000,
) -> Float[np.ndarray, "column 2"]:
    """Computes the 95 % percentile bootstrap interval of the mean of each column.

    Every column is resampled with the same rows, so that intervals of paired columns belong
    together, and many columns cost little more than one.

    Args:
      values: A sample in each column, `[n, column]`.
      groups: Number of the group of each row, `[n]`, such as copies of one face: rows of a group
        are drawn together, since they tell the same. By default each row is a group.
      seed: Seed of the resampling.
      num_draws: Number of samples drawn, each of as many groups as there are, with replacement.

    Returns:
      Lower and upper ends, `[column, 2]`.

    Example:
      >>> import numpy as np
      >>> bootstrap_mean_intervals(np.ones((5, 2))).tolist()
      [[1.0, 1.0], [1.0, 1.0]]
    """
    centre = values.mean(0)
    # Of the differences from the mean, so that equal values get no width from rounding.
    differences = (values - centre).astype(np.float64)
    sizes = np.ones(len(values))
    if groups is not None:
        _, group = np.unique(groups, return_inverse=True)
        sizes = np.bincount(group).astype(np.float64)
        differences = np.stack([np.bincount(group, column) for column in differences.T], axis=1)
    generator = np.random.default_rng(seed)
    means = []
    for start in range(0, num_draws, _DRAWS_AT_A_TIME):
        counts = _counts(generator, len(sizes), min(_DRAWS_AT_A_TIME, num_draws - start))
        means.append(counts @ differences / (counts @ sizes)[:, None])
    return (centre + np.percentile(np.concatenate(means), [2.5, 97.5], axis=0)).T


def bootstrap_draws(
    statistic: Callable[[Float[np.ndarray, "draw row"]], Float[np.ndarray, "draw column"]],
    num_rows: int,
    *,
    groups: Int[np.ndarray, " row"] | None = None,
    seed: int = 0,
    num_draws: int = 1000,
) -> Float[np.ndarray, "all_draws column"]:
    """Computes statistics of resampled rows.

    Args:
      statistic: Gives the statistics of weighted rows: `[draw, row]` to `[draw, column]`, where a
        weight says how often the row is in the sample.
      num_rows: Number of rows.
      groups: Number of the group of each row, `[row]`: rows of a group are drawn together. By
        default each row is a group.
      seed: Seed of the resampling.
      num_draws: Number of samples, each of as many groups as there are, with replacement.

    Returns:
      A row of statistics for each sample.

    Example:
      >>> import numpy as np
      >>> bootstrap_draws(lambda weights: weights.sum(1)[:, None], 3, num_draws=2).tolist()
      [[3.0], [3.0]]
    """
    numbers = np.arange(num_rows)
    if groups is not None:
        _, numbers = np.unique(groups, return_inverse=True)
    num_groups = int(numbers.max(initial=-1)) + 1
    generator = np.random.default_rng(seed)
    drawn = []
    for start in range(0, num_draws, _DRAWS_AT_A_TIME):
        counts = _counts(generator, num_groups, min(_DRAWS_AT_A_TIME, num_draws - start))
        drawn.append(statistic(counts if groups is None else counts[:, numbers]))
    return np.concatenate(drawn)


def percentile_intervals(
    draws: Float[np.ndarray, "draw column"],
) -> Float[np.ndarray, "column 2"]:
    """Computes the 95 % percentile interval of each statistic of `bootstrap_draws`.

    Args:
      draws: Statistics by sample; NaN where a sample does not define one, which is left out.

    Returns:
      Lower and upper ends, `[column, 2]`; NaN for a statistic that no sample defines.
    """
    ends = np.full((draws.shape[1], 2), np.nan)
    known = ~np.isnan(draws).all(0)
    if known.any():
        ends[known] = np.nanpercentile(draws[:, known], [2.5, 97.5], axis=0).T
    return ends


def _counts(
    generator: np.random.Generator, num_rows: int, num_draws: int
) -> Float[np.ndarray, "draw row"]:
    """How often each row is in each sample."""
    rows = generator.integers(0, num_rows, (num_draws, num_rows))
    rows += num_rows * np.arange(num_draws)[:, None]
    counted = np.bincount(rows.ravel(), minlength=num_draws * num_rows)
    return counted.reshape(num_draws, num_rows).astype(np.float64)
