import numpy as np
from scipy.stats import spearmanr

from gimefive_jax.faces import REGIONS
from gimefive_jax.faithfulness.agreement import add_agreement, column_name, rank_correlation
from gimefive_jax.faithfulness.regions import share_name
from gimefive_jax.faithfulness.values import MapKey, ValueTable


def test_rank_correlation_is_scipys():
    draws = np.random.default_rng(0)
    one, two = draws.random((5, 7)).round(1), draws.random((5, 7)).round(1)
    wanted = [spearmanr(a, b).statistic for a, b in zip(one, two, strict=True)]
    np.testing.assert_allclose(rank_correlation(one, two), wanted, atol=1e-12)
    assert rank_correlation(np.ones((1, 7)), two[:1]).tolist() == [0.0]


def test_agreement_is_measured_where_both_are():
    table, shares = ValueTable(4), np.random.default_rng(0).random((4, 7))
    cam, pixels = MapKey("hirescam", "block5"), MapKey("occlusion", "input")
    for key, rows in ((cam, np.arange(4)), (pixels, np.array([1, 3]))):
        columns = {share_name(region): shares[rows, i] for i, region in enumerate(REGIONS)}
        table.add(key, rows, columns)
    add_agreement(table)
    found = table.column(cam, column_name("occlusion"))
    assert found is not None
    np.testing.assert_allclose(found, [np.nan, 1, np.nan, 1])
    assert table.column(pixels, column_name("occlusion")) is None
