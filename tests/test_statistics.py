import numpy as np
import pytest

from gimefive_jax import statistics


def test_wilson_interval_is_the_textbooks():
    # Wilson's interval for 81 of 263 is 0.2553 to 0.3662 (Newcombe 1998, method 3).
    low, high = statistics.wilson_interval(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


@pytest.mark.parametrize(("hits", "count"), [(0, 0), (0, 5), (5, 5)])
def test_intervals_stay_between_zero_and_one(hits: int, count: int):
    low, high = statistics.wilson_interval(hits, count)
    assert 0 <= low <= high <= 1


def test_bootstrap_interval_covers_the_mean_as_theory_says():
    values = np.random.default_rng(0).normal(3, 2, 400)
    low, high = statistics.bootstrap_mean_interval(values)
    half = 1.96 * values.std() / np.sqrt(400)
    assert low == pytest.approx(values.mean() - half, abs=0.03)
    assert high == pytest.approx(values.mean() + half, abs=0.03)
