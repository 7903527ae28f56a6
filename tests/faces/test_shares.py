import numpy as np
import pytest

from data_prep.drawn_faces.dataset import draw_face
from gimefive_jax.errors import InputError
from gimefive_jax.explanation.faithfulness.mass import mass_on
from gimefive_jax.faces.regions import REGIONS, soft_masks
from gimefive_jax.faces.shares import region_areas, region_shares
from tests.tolerances import RELATIVE

_POINTS = np.stack([draw_face("anger", seed=seed).landmarks for seed in range(3)])


def test_shares_are_the_mass_on_each_mask():
    maps = np.random.default_rng(0).normal(size=(3, 8, 8)).astype(np.float32)
    masks = soft_masks(_POINTS, 64)
    expected = np.stack([np.asarray(mass_on(maps, masks[name])) for name in REGIONS], axis=-1)
    found = region_shares(maps, _POINTS, side=64)
    np.testing.assert_allclose(found, expected, rtol=RELATIVE)
    np.testing.assert_allclose(found.sum(1), 1, rtol=RELATIVE)


def test_a_uniform_map_reaches_the_areas():
    uniform = np.full((3, 4, 4), 2.5, np.float32)
    areas = region_areas(_POINTS, side=64)
    np.testing.assert_allclose(region_shares(uniform, _POINTS, side=64), areas, rtol=RELATIVE)


def test_a_map_that_is_a_mask_lies_mostly_on_it():
    for number, region in enumerate(REGIONS):
        shares = region_shares(np.asarray(soft_masks(_POINTS, 64)[region]), _POINTS, side=64)
        assert (shares.argmax(1) == number).all()


def test_more_faces_than_fit_at_once_are_all_measured():
    points = np.tile(_POINTS, (100, 1, 1))
    maps = np.random.default_rng(0).random((300, 4, 4), np.float32)
    found = region_shares(maps, points, side=64)
    np.testing.assert_allclose(
        found[256:], region_shares(maps[256:], points[256:], side=64), rtol=RELATIVE
    )


def test_a_map_finer_than_the_face_is_refused():
    with pytest.raises(InputError, match="finer"):
        region_shares(np.ones((3, 128, 128), np.float32), _POINTS, side=64)
