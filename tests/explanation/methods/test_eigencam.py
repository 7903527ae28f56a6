import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gimefive_jax.explanation import METHOD_FACTS, eigencam
from tests.relative import relative_difference
from tests.tolerances import RELATIVE


# More cells than channels, and fewer.
@pytest.mark.parametrize("channels", [3, 40])
def test_it_is_the_first_component_of_the_cells(channels: int):
    activation = jax.nn.relu(jax.random.normal(jax.random.key(0), (2, 4, 5, channels)))
    found = eigencam(activation, activation)
    for one, heat_map in zip(np.asarray(activation, np.float64), found, strict=True):
        cells = one.reshape(20, channels) - one.reshape(20, channels).mean(0)
        _, _, directions = np.linalg.svd(cells, full_matrices=False)
        wanted = (cells @ directions[0]).reshape(4, 5)
        wanted *= np.sign((wanted * one.sum(-1)).sum())
        assert relative_difference(heat_map, wanted) < 10 * RELATIVE


def test_cells_that_are_more_active_are_positive():
    activation = jnp.zeros((1, 4, 4, 6)).at[0, 1, 2].set(3.0)
    heat_map = eigencam(activation, activation)
    assert heat_map[0].argmax() == 6
    assert heat_map[0, 1, 2] > 0 > heat_map[0, 0, 0]


def test_equal_cells_give_zeros_and_no_nan():
    activation = jnp.full((1, 4, 4, 6), 0.3)
    np.testing.assert_allclose(eigencam(activation, activation), 0, atol=1e-6)


def test_it_says_that_it_knows_no_category():
    assert [name for name, facts in METHOD_FACTS.items() if not facts.of_category] == ["eigencam"]


def test_no_library_is_called_that_could_wait_for_the_threads_it_runs_on():
    shape = jax.ShapeDtypeStruct((2, 4, 4, 8), jnp.float32)
    assert "custom_call" not in jax.jit(eigencam).lower(shape, shape).as_text()
