import numpy as np
import pytest
from scipy import stats

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


@pytest.mark.parametrize(
    "values", [[0.5], [0.1, 0.4], [0.1, 0.1, 0.1], [0.681, 0.677, 0.69, 0.672]]
)
def test_spread_is_numpys(values: list[float]):
    found = statistics.spread(values)
    assert found is not None
    assert (found.count, found.low, found.high) == (len(values), min(values), max(values))
    assert found.mean == pytest.approx(np.mean(values))
    if len(values) == 1:
        assert found.deviation is None
    else:
        assert found.deviation == pytest.approx(np.std(values, ddof=1))


def test_nothing_has_no_spread():
    assert statistics.spread([]) is None


@pytest.mark.parametrize(
    ("values", "others"),
    [([0.1, 0.4], [0.3, 0.31]), ([0.5, 0.52, 0.49], [0.6, 0.61]), ([0.5, 0.6], [0.4, 0.41])],
)
def test_welch_interval_is_scipys(values: list[float], others: list[float]):
    wanted = stats.ttest_ind(values, others, equal_var=False).confidence_interval(0.95)
    assert statistics.welch_interval(values, others) == pytest.approx(tuple(wanted))


@pytest.mark.parametrize(
    ("values", "others"), [([0.5], [0.4, 0.6]), ([], [0.4, 0.6]), ([0.5, 0.5], [0.4, 0.4])]
)
def test_welch_says_nothing_where_chance_cannot_be_told(values: list[float], others: list[float]):
    assert statistics.welch_interval(values, others) is None


def test_columns_are_resampled_as_one_alone():
    values = np.random.default_rng(0).normal(3, 1, (200, 3))
    together = statistics.bootstrap_mean_intervals(values)
    for column, interval in zip(values.T, together, strict=True):
        assert statistics.bootstrap_mean_intervals(column[:, None])[0] == pytest.approx(interval)
        assert interval == pytest.approx(statistics.bootstrap_mean_interval(column))


def test_rows_of_a_group_are_resampled_together():
    values = np.random.default_rng(0).normal(3, 1, (200, 2))
    alone = statistics.bootstrap_mean_intervals(values)
    single = statistics.bootstrap_mean_intervals(values, groups=np.arange(200))
    np.testing.assert_allclose(single, alone)
    # Three copies of each row tell no more than one: the interval does not shrink.
    copies = statistics.bootstrap_mean_intervals(
        np.repeat(values, 3, axis=0), groups=np.repeat(np.arange(200), 3)
    )
    np.testing.assert_allclose(copies, alone)


def test_the_bootstrap_resamples_rows_as_one_after_the_other():
    values = np.random.default_rng(0).normal(3, 1, 50)
    generator = np.random.default_rng(7)
    means = [values[generator.integers(0, 50, 50)].mean() for _ in range(300)]
    found = statistics.bootstrap_mean_interval(values, seed=7, num_draws=300)
    assert found == pytest.approx(tuple(np.percentile(means, [2.5, 97.5])))
