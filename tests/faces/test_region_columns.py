import numpy as np

from data_prep.drawn_faces.dataset import draw_face
from gimefive_jax.explained.plan import MapMeasure
from gimefive_jax.faces import REGIONS, Landmarks, RegionColumns, region_shares

_POINTS = np.stack([draw_face("fear", seed=seed).landmarks for seed in range(3)])
_FOUND = np.array([True, False, True])


def test_each_map_gets_the_shares_of_its_own_face():
    columns = RegionColumns(Landmarks(_POINTS, _FOUND, np.ones(3, np.float32)), 64)
    assert isinstance(columns, MapMeasure)
    maps = np.random.default_rng(0).random((3, 8, 8), np.float32)
    # As with every category: a face may have several maps.
    found = columns(np.array([2, 2, 0]), maps)
    assert found.shape == (3, len(columns.names)) == (3, len(REGIONS))
    np.testing.assert_array_equal(found, region_shares(maps, _POINTS[[2, 2, 0]], side=64))


def test_a_face_without_landmarks_has_no_share():
    columns = RegionColumns(Landmarks(_POINTS, _FOUND, np.ones(3, np.float32)), 64)
    found = columns(np.arange(3), np.ones((3, 4, 4), np.float32))
    assert np.isnan(found[1]).all()
    assert np.isfinite(found[[0, 2]]).all()
    assert np.isnan(columns(np.array([1]), np.ones((1, 4, 4), np.float32))).all()
