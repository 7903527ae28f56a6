import numpy as np
import pytest

from gimefive_jax import api
from gimefive_jax.explanation.faithfulness.mass import mass_on, pointing_game
from gimefive_jax.faces import REGIONS, soft_masks
from gimefive_jax.faithfulness.parts import Parts
from gimefive_jax.faithfulness.regions import MEASUREMENT, REGION_NOTES, share_name
from gimefive_jax.faithfulness.setting import Setting
from gimefive_jax.faithfulness.values import Answers, MapKey, Maps
from tests.report.made_faithfulness import made_split
from tests.tolerances import RELATIVE

KEY = MapKey("hirescam", "block5/activation")


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    """Landmarks of an oval face, the parts where they usually lie."""
    draws = np.random.default_rng(0)
    return draws.uniform(12, 52, (60, 68, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def setting(points: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Setting:
    """Every answer is happiness, and the landmarks of one face were not found."""
    split, folder = made_split(), tmp_path_factory.mktemp("regions")
    made = Setting(
        api.load("small"),
        split,
        Answers(np.zeros(60, np.int64), np.asarray(split.labels), np.ones(60)),
        Parts(folder, "key"),
    )
    found = np.arange(60) != 7
    made.parts.write(
        "landmarks",
        np.arange(60),
        {"points": points, "found": found, "confidence": np.ones(60, np.float32)},
    )
    return made


def _measure(setting: Setting, heat_map: np.ndarray) -> dict[str, np.ndarray]:
    return dict(MEASUREMENT.measure(setting, Maps(KEY, np.arange(60), heat_map)))


def test_regions_are_shares_on_soft_masks(setting: Setting, points: np.ndarray):
    heat_map = np.random.default_rng(1).random((60, 4, 4)).astype(np.float32)
    found = _measure(setting, heat_map)
    masks = {region: np.asarray(mask) for region, mask in soft_masks(points, 64).items()}
    mouth = np.asarray(mass_on(heat_map, masks["mouth"]))
    known = np.arange(60) != 7
    np.testing.assert_allclose(found[share_name("mouth")][known], mouth[known], rtol=1e-3)
    # All answers are happiness: mouth, cheeks and eyes move.
    moved = masks["mouth"] + masks["cheeks"] + masks["eyes"]
    pointing = np.asarray(pointing_game(heat_map, moved))
    np.testing.assert_allclose(found["pointing_action_units"][known], pointing[known], atol=1e-4)
    np.testing.assert_allclose(found["paper_regions"][known], mouth[known], rtol=1e-3)


def test_a_uniform_map_is_enriched_nowhere(setting: Setting):
    found = _measure(setting, np.ones((60, 4, 4), np.float32))
    known = np.arange(60) != 7
    for region in REGIONS:
        values = found[f"enrichment_{region}"][known]
        values = values[np.isfinite(values)]
        np.testing.assert_allclose(values, 1, rtol=100 * RELATIVE)


def test_faces_without_landmarks_have_no_value(setting: Setting):
    found = _measure(setting, np.ones((60, 4, 4), np.float32))
    assert set(found) == set(REGION_NOTES)
    assert all(np.isnan(values[7]) for values in found.values())
