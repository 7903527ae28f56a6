import numpy as np
import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.faithfulness import FaceCounts
from gimefive_jax.faithfulness.plan import nested, stratified


def test_each_category_keeps_its_share():
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    np.random.default_rng(0).shuffle(labels)
    rows = stratified(labels, 50)
    assert np.bincount(labels[rows]).tolist() == [30, 15, 5]
    assert (np.diff(rows) > 0).all()


def test_smaller_sets_lie_in_larger_ones():
    labels = np.random.default_rng(0).integers(0, 6, 1000)
    sets = nested(labels, FaceCounts(perturbed=77, few=20))
    assert len(sets.cheap) == 1000
    assert len(sets.perturbed) == 77
    assert set(sets.few) < set(sets.perturbed)


def test_more_faces_than_there_are_is_all_of_them():
    assert stratified(np.zeros(5, np.int64), 9).tolist() == [0, 1, 2, 3, 4]


def test_no_faces_are_refused():
    with pytest.raises(InputError, match="positive"):
        stratified(np.zeros(5, np.int64), 0)
