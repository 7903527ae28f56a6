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


def _coverage(copies: np.ndarray | None, *, grouped: bool) -> float:
    """Share of 1,000 trials whose interval holds the accuracy of a simulated classifier."""
    generator = np.random.default_rng(0)
    truth, num_pictures, hits = 0.72, 500, 0
    for trial in range(1000):
        correct = generator.random(num_pictures) < truth
        numbers = np.arange(num_pictures)
        if copies is not None:
            # Copies of a picture get the prediction of the picture.
            numbers = np.repeat(numbers, generator.permutation(copies))
        values = correct[numbers].astype(np.float64)
        draws = statistics.bootstrap_draws(
            lambda weights, values=values: (weights @ values / weights.sum(1))[:, None],
            len(values),
            groups=numbers if grouped else None,
            seed=trial,
        )
        low, high = statistics.percentile_intervals(draws)[0]
        hits += low <= truth <= high
    return hits / 1000


@pytest.mark.heavy
def test_bootstrap_intervals_of_accuracy_hold_the_truth_as_often_as_they_say():
    assert 0.93 <= _coverage(None, grouped=False) <= 0.97


@pytest.mark.heavy
def test_bootstrap_intervals_hold_the_truth_with_copies_too_if_these_are_drawn_together():
    copies = np.random.default_rng(1).choice([1, 2, 4], 500, p=[0.6, 0.2, 0.2])
    assert 0.93 <= _coverage(copies, grouped=True) <= 0.97
    # What the groups are for.
    assert _coverage(copies, grouped=False) < 0.88


def test_draws_of_a_mean_are_those_of_the_interval_of_a_mean():
    values = np.random.default_rng(0).random((60, 2))
    groups = np.arange(60) // 3
    draws = statistics.bootstrap_draws(
        lambda weights: weights @ values / weights.sum(1)[:, None], 60, groups=groups, num_draws=500
    )
    wanted = statistics.bootstrap_mean_intervals(values, groups=groups, num_draws=500)
    np.testing.assert_allclose(statistics.percentile_intervals(draws), wanted)


def test_a_statistic_that_some_samples_lack_is_taken_over_the_others():
    draws = np.array([[1.0, np.nan], [np.nan, np.nan], [3.0, np.nan]])
    found = statistics.percentile_intervals(draws)
    np.testing.assert_allclose(found[0], np.percentile([1.0, 3.0], [2.5, 97.5]))
    assert np.isnan(found[1]).all()
