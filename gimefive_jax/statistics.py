"""Intervals for shares and means."""

import math

import numpy as np
from jaxtyping import Float

Z_95 = 1.959963984540054


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
