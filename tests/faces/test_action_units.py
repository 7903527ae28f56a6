import numpy as np
import pytest

from data_prep.drawn_faces.action_units import CLASS_UNITS
from data_prep.drawn_faces.dataset import draw_face
from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.errors import InputError
from gimefive_jax.faces.action_units import (
    ACTION_UNITS,
    UNIT_REGIONS,
    action_unit_maps,
    action_unit_shares,
    correspondence,
    expected_regions,
)
from gimefive_jax.faces.regions import REGIONS, soft_masks
from tests.tolerances import RELATIVE


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_every_category_has_units_that_show_somewhere(emotion: str):
    shares = action_unit_shares(emotion)
    assert shares.sum() == pytest.approx(1)
    assert shares[REGIONS.index("rest")] == 0
    assert set(expected_regions(emotion)) <= set(REGIONS)
    assert all(unit in UNIT_REGIONS for unit in ACTION_UNITS[emotion])


def test_units_are_those_of_the_drawn_faces():
    assert dict(ACTION_UNITS) == CLASS_UNITS


def test_a_category_that_is_not_the_papers_is_named():
    for function in (expected_regions, action_unit_shares):
        with pytest.raises(InputError, match=r"contempt.*happiness"):
            function("contempt")


def test_an_action_unit_map_puts_its_shares_on_the_regions():
    points = np.stack([draw_face("sadness", seed=seed).landmarks for seed in range(4)])
    maps = np.asarray(action_unit_maps(points, "sadness", 64))
    np.testing.assert_allclose(maps.sum((1, 2)), 1, rtol=RELATIVE)
    on = {region: (maps * mask).sum((1, 2)) for region, mask in soft_masks(points, 64).items()}
    # Two of three units are of the brows. Blurred borders share a little with their neighbours.
    assert (on["brows"] > 0.4).all()
    assert (on["mouth"] > 0.2).all()
    assert (on["rest"] < 0.2).all()


def test_a_region_outside_the_image_gives_no_nan():
    maps = np.asarray(action_unit_maps(np.full((1, 68, 2), 1e6, np.float32), "fear", 64))
    assert np.isfinite(maps).all()


def test_correspondence_is_one_for_the_units_own_shares_and_zero_for_what_they_leave_out():
    own = action_unit_shares("surprise")
    elsewhere, nothing = np.eye(len(REGIONS))[REGIONS.index("rest")], np.zeros(len(REGIONS))
    found = correspondence(np.stack([own, 0.3 * own, elsewhere, nothing]), "surprise")
    np.testing.assert_allclose(found, [1, 1, 0, 0], atol=1e-12)
