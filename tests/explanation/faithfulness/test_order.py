import jax.numpy as jnp
import numpy as np
import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.explanation.faithfulness.order import enlarged, pixel_ranks


def _maps(count: int = 3, grid: tuple[int, int] = (4, 4)) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, *grid)).astype(np.float32)


def test_every_pixel_has_one_rank_and_ranks_follow_the_enlarged_map() -> None:
    maps = np.abs(_maps())
    ranks = np.asarray(pixel_ranks(maps, (16, 16), np.arange(3)))
    large = np.asarray(enlarged(jnp.asarray(maps), (16, 16)))
    for face in range(3):
        assert sorted(ranks[face].ravel()) == list(range(256))
        assert (np.diff(large[face].ravel()[np.argsort(ranks[face].ravel())]) <= 0).all()


def test_cells_that_are_not_positive_are_all_the_same() -> None:
    maps = _maps()
    np.testing.assert_array_equal(
        pixel_ranks(maps, (16, 16), np.arange(3)),
        pixel_ranks(np.maximum(maps, 0), (16, 16), np.arange(3)),
    )


def test_ties_are_broken_by_the_number_of_the_face_alone() -> None:
    flat = np.zeros((4, 2, 2), np.float32)
    ranks = np.asarray(pixel_ranks(flat, (8, 8), np.array([7, 8, 7, 9])))
    np.testing.assert_array_equal(ranks[0], ranks[2])
    np.testing.assert_array_equal(ranks[3], pixel_ranks(flat[:1], (8, 8), np.array([9]))[0])
    assert (ranks[0] != ranks[1]).any()


def test_a_map_finer_than_the_face_is_refused() -> None:
    with pytest.raises(InputError, match="finer"):
        pixel_ranks(_maps(grid=(16, 16)), (8, 8), np.arange(3))
