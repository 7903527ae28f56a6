import numpy as np
import pytest
from scipy import stats

from gimefive_jax.explanation.faithfulness.complexity import entropy, gini
from gimefive_jax.explanation.faithfulness.mass import as_mass
from tests.tolerances import RELATIVE

FACES = np.zeros((3, 64, 64, 1), np.float32)


def _mass(grid: tuple[int, int]) -> np.ndarray:
    maps = np.random.default_rng(0).random((3, *grid)).astype(np.float32)
    return np.asarray(as_mass(maps), np.float32)


@pytest.mark.parametrize("grid", [(4, 4), (16, 16), (64, 64)])
def test_both_are_those_of_the_enlarged_map(grid: tuple[int, int]) -> None:
    mass = _mass(grid)
    large = np.kron(mass, np.ones((64 // grid[0], 64 // grid[1]))).reshape(3, -1)
    expected = stats.entropy(large, axis=1) / np.log(4096)
    np.testing.assert_allclose(entropy(mass, FACES), expected, rtol=RELATIVE)
    # Half the mean difference of all pairs of cells over their mean.
    cells = mass.reshape(3, -1)
    pairs = np.abs(cells[:, :, None] - cells[:, None]).mean((1, 2))
    np.testing.assert_allclose(gini(mass, FACES), pairs / 2 / cells.mean(1), rtol=10 * RELATIVE)


def test_uniform_and_one_cell_are_the_ends() -> None:
    mass = np.zeros((3, 4, 4), np.float32)
    mass[0], mass[1, 2, 1], mass[2, :2] = 1 / 16, 1, 1 / 8
    np.testing.assert_allclose(gini(mass, FACES), [0, 15 / 16, 1 / 2], atol=1e-6)
    np.testing.assert_allclose(entropy(mass, FACES), [1, 2 / 3, 11 / 12], rtol=RELATIVE)
