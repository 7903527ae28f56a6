import numpy as np
import pytest
from scipy import ndimage

from gimefive_jax.explanation.faithfulness.baselines import (
    baseline_maps,
    centre_gaussian,
    class_mean,
    edges,
    random_maps,
)
from gimefive_jax.explanation.faithfulness.mass import as_mass


def test_centre_gaussian_is_symmetric_and_falls_from_the_centre() -> None:
    gaussian = centre_gaussian(4, 4)
    np.testing.assert_allclose(gaussian, gaussian[::-1, ::-1])
    np.testing.assert_allclose(gaussian, gaussian.T)
    # Half a cell and one and a half cells of a quarter side: half and one and a half sigmas.
    assert gaussian[1, 1] == pytest.approx(np.exp(-0.25))
    assert gaussian[0, 0] == pytest.approx(np.exp(-2.25))


@pytest.mark.parametrize("grid", [(64, 64), (16, 16), (4, 4)])
def test_edges_are_those_of_scipy_averaged_over_cells(grid: tuple[int, int]) -> None:
    images = np.random.default_rng(3).integers(0, 256, (3, 64, 64, 3), np.uint8)
    for image, found in zip(images, edges(images, *grid), strict=True):
        grey = image.mean(-1)
        sobel = (ndimage.sobel(grey, axis, mode="nearest") for axis in (0, 1))
        blocks = np.hypot(*sobel).reshape(grid[0], 64 // grid[0], grid[1], 64 // grid[1])
        np.testing.assert_allclose(found, blocks.mean((1, 3)))


def test_random_map_of_a_face_does_not_depend_on_the_others() -> None:
    together = random_maps(np.arange(5), 4, 6)
    np.testing.assert_array_equal(random_maps(np.array([3]), 4, 6)[0], together[3])
    assert len(np.unique(together)) == together.size


def test_every_baseline_has_the_grid_asked_for() -> None:
    faces = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), np.uint8)
    found = baseline_maps(faces, np.arange(3), (2, 4))
    assert list(found) == ["random", "uniform", "centre_gaussian", "edges"]
    assert {one.shape for one in found.values()} == {(3, 2, 4)}
    assert all((one >= 0).all() for one in found.values())


def test_class_mean_is_of_the_other_faces_of_the_category() -> None:
    maps = np.random.default_rng(0).normal(size=(5, 4, 4))
    categories = np.array([0, 1, 0, 0, 2])
    found = class_mean(maps, categories)
    np.testing.assert_allclose(found[0], as_mass(maps)[[2, 3]].mean(0))
    np.testing.assert_allclose(found[[1, 4]], 1 / 16)
    np.testing.assert_allclose(found.sum((1, 2)), 1)
