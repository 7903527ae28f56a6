import numpy as np

from gimefive_jax.faithfulness import FaceCounts
from gimefive_jax.faithfulness.plan import nested


def test_smaller_sets_lie_in_larger_ones():
    labels = np.random.default_rng(0).integers(0, 6, 1000)
    sets = nested(labels, FaceCounts(perturbed=77, few=20))
    assert len(sets.cheap) == 1000
    assert len(sets.perturbed) == 77
    assert set(sets.few) < set(sets.perturbed)
