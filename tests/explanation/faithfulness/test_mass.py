import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from gimefive_jax.errors import InputError
from gimefive_jax.explanation.faithfulness.mass import (
    area_share,
    as_mass,
    best_cell,
    enrichment,
    mass_on,
    pointing_game,
)
from tests.tolerances import RELATIVE

NUM_FACES = 12
GRIDS = [(2, 2), (4, 4), (16, 16), (64, 64), (6, 6), (3, 5)]


def _masks() -> dict[str, np.ndarray]:
    soft = np.random.default_rng(0).random((NUM_FACES, 64, 64))
    return {"hard": soft < 0.2, "soft": soft}


def _maps(grid: tuple[int, int] = (4, 4)) -> np.ndarray:
    maps = np.random.default_rng(1).normal(size=(NUM_FACES, *grid)).astype(np.float32)
    maps[:, 0, 0] = 1  # no map is empty here
    return maps


@pytest.mark.parametrize("kind", ["hard", "soft"])
@pytest.mark.parametrize("grid", GRIDS)
def test_share_is_that_of_the_map_enlarged_by_nearest_neighbour(grid: tuple[int, int], kind: str):
    maps, masks = _maps(grid), _masks()[kind]
    for heat_map, mask, share in zip(maps, masks, mass_on(maps, masks), strict=True):
        image = Image.fromarray(np.maximum(heat_map, 0))
        large = np.asarray(image.resize((64, 64), Image.Resampling.NEAREST), np.float64)
        assert share == pytest.approx((large * mask).sum() / large.sum(), rel=1e-12)


@pytest.mark.parametrize("measure", [mass_on, enrichment, pointing_game])
@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_jax_inside_a_program_gives_what_numpy_gives(measure, kind: str):
    maps, masks = _maps((6, 6)), _masks()[kind]
    found = jax.jit(measure)(jnp.asarray(maps), jnp.asarray(masks))
    np.testing.assert_allclose(found, measure(maps, masks), rtol=RELATIVE)


def test_mass_is_not_negative_and_sums_to_one():
    mass = as_mass(_maps())
    assert mass.min() == 0
    np.testing.assert_allclose(mass.sum((1, 2)), 1)
    np.testing.assert_allclose(as_mass(mass), mass)


@pytest.mark.parametrize("empty", [0.0, -1.0, np.nan, np.inf])
def test_map_without_a_positive_cell_or_a_number_counts_as_uniform(empty: float):
    maps, masks = _maps(), _masks()["hard"]
    maps[0] = empty
    for array in (np.asarray, jnp.asarray):
        np.testing.assert_allclose(as_mass(array(maps))[0], 1 / 16)
    np.testing.assert_allclose(mass_on(maps, masks)[0], masks[0].mean())
    assert np.isfinite(mass_on(maps, masks)).all()


@pytest.mark.parametrize("measure", [mass_on, pointing_game])
def test_uniform_map_reaches_the_area_share(measure):
    uniform = np.full((NUM_FACES, 5, 3), 0.3, np.float32)
    for masks in _masks().values():
        np.testing.assert_allclose(measure(uniform, masks), area_share(masks))
        np.testing.assert_allclose(enrichment(uniform, masks), 1)


@pytest.mark.parametrize("measure", [mass_on, pointing_game])
def test_random_maps_score_at_chance_on_average(measure):
    masks = np.tile(_masks()["hard"] & (np.arange(64) < 20), (100, 1, 1))
    maps = np.random.default_rng(3).random((len(masks), 4, 4))
    gain = np.asarray(measure(maps, masks)) - area_share(masks)
    assert abs(gain.mean()) < 4 * gain.std() / np.sqrt(len(gain))


def test_negative_cells_count_for_nothing_and_scale_does_not_matter():
    maps, masks = _maps(), _masks()["hard"]
    np.testing.assert_array_equal(mass_on(maps, masks), mass_on(np.maximum(maps, 0), masks))
    for scale in (1e-20, 1e30):
        scaled = (maps * np.float32(scale)).astype(np.float32)
        for array in (np.asarray, jnp.asarray):
            shares = mass_on(array(scaled), array(masks))
            np.testing.assert_allclose(shares, mass_on(maps, masks), rtol=RELATIVE)


def test_masks_that_cover_every_pixel_once_share_all_mass():
    maps, soft = _maps((6, 6)), _masks()["soft"]
    np.testing.assert_allclose(mass_on(maps, soft) + mass_on(maps, 1 - soft), 1)


def test_all_mass_on_the_mask_is_a_share_of_one():
    mask = np.zeros((1, 64, 64), np.bool_)
    mask[:, 16:32, :16] = True
    heat_map = np.zeros((1, 4, 4), np.float32)
    heat_map[:, 1, 0] = 2.5
    assert mass_on(heat_map, mask) == pointing_game(heat_map, mask) == best_cell(mask, (4, 4)) == 1
    assert enrichment(heat_map, mask) == 16


def test_pointing_game_asks_for_the_strongest_cell_alone():
    mask = np.zeros((2, 4, 4), np.bool_)
    mask[:, 0, 0] = True
    heat_map = np.full((2, 4, 4), 0.9, np.float32)
    heat_map[0, 0, 0] = heat_map[1, 3, 3] = 1
    assert pointing_game(heat_map, mask).tolist() == [1, 0]
    heat_map[1, 0, 0] = 1  # two cells are equally strong now
    assert pointing_game(heat_map, mask).tolist() == [1, 0.5]


def test_an_empty_mask_is_no_division_by_zero():
    nothing = np.zeros((NUM_FACES, 64, 64), np.bool_)
    assert not enrichment(_maps(), nothing).any()
    assert not enrichment(jnp.asarray(_maps()), jnp.asarray(nothing)).any()


def test_no_map_does_better_than_the_best_cell():
    for masks in _masks().values():
        for grid in GRIDS:
            assert (mass_on(_maps(grid), masks) <= best_cell(masks, grid) + 1e-12).all()


def test_map_finer_than_the_mask_is_refused():
    with pytest.raises(InputError, match="finer than the mask"):
        mass_on(_maps((96, 96)), _masks()["hard"])
