import numpy as np
from scipy import stats

from gimefive_jax.explanation.faithfulness.correspondence import share_agreement
from tests.tolerances import RELATIVE


def _shares(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(7), 20).astype(np.float32)


def test_agreement_is_scipys_rank_correlation_along_either_axis():
    one, two = _shares(0), _shares(1)
    found = share_agreement(one, two)
    faces = [stats.spearmanr(a, b).statistic for a, b in zip(one, two, strict=True)]
    regions = [stats.spearmanr(a, b).statistic for a, b in zip(one.T, two.T, strict=True)]
    np.testing.assert_allclose(found.over_regions, faces, atol=RELATIVE)
    np.testing.assert_allclose(found.over_faces, regions, atol=RELATIVE)


def test_a_method_agrees_with_itself_and_equal_shares_with_nothing():
    shares = _shares(0)
    np.testing.assert_allclose(share_agreement(shares, shares).over_regions, 1, atol=RELATIVE)
    assert not share_agreement(shares, np.full_like(shares, 1 / 7)).over_faces.any()
