import jax
import jax.numpy as jnp
import numpy as np

from gimefive_jax.explanation.faithfulness import measure_fn
from gimefive_jax.explanation.faithfulness.mass import as_mass
from gimefive_jax.structs import PixelScale
from tests.explanation.faithfulness.networks import SIDE, faces, linear_probability, weights
from tests.tolerances import RELATIVE

DROPS = ("average_drop", "increase")


def _measure(x: np.ndarray, maps: np.ndarray, metrics: tuple, **given: object) -> dict:
    scale = PixelScale(-1.0, 1.0)

    def network(weight: jax.Array, x: jax.Array) -> jax.Array:
        return linear_probability(weight, scale.to_unit(x))

    measure = measure_fn(network, metrics, pixels=scale, **given)
    index = np.arange(len(x))
    return measure(weights(), np.asarray(scale.to_input(x)), maps, 0 * index, index)


def test_drop_of_a_linear_probability_is_the_share_that_the_map_hides() -> None:
    x, maps = faces(), np.random.default_rng(0).normal(size=(4, 4, 4)).astype(np.float32)
    shown = np.maximum(maps, 0)
    shown = np.kron(shown / shown.max((1, 2), keepdims=True), np.ones((4, 4)))
    whole, left = (np.einsum("hw,bhwc->b", weights(), f) for f in (x, x * shown[..., None]))
    found = _measure(x, maps, DROPS)
    np.testing.assert_allclose(found["average_drop"], 1 - left / whole, rtol=RELATIVE)
    assert not found["increase"].any()


def test_hiding_what_speaks_against_a_category_is_an_increase() -> None:
    x, maps = np.ones((1, SIDE, SIDE, 1), np.float32), np.ones((1, 2, 2), np.float32)
    maps[0, 0] = 0

    def network(variables: jax.Array, x: jax.Array) -> jax.Array:
        against = -x[:, : SIDE // 2].mean((1, 2, 3))
        return jnp.stack([against, 0 * against], -1)

    measure = measure_fn(network, DROPS, pixels=PixelScale())
    found = measure(0.0, x, maps, np.zeros(1, int), np.arange(1))
    assert found["increase"].tolist() == [1]
    assert found["average_drop"].tolist() == [0]


def test_adcc_is_the_harmonic_mean_of_its_three_parts() -> None:
    x, maps = faces(), np.random.default_rng(0).random((4, 4, 4)).astype(np.float32)
    other = np.random.default_rng(1).random((4, 4, 4)).astype(np.float32)
    found = _measure(x, maps, ("adcc", *DROPS), explain=lambda variables, x, target: other)
    for face in range(4):
        correlation = np.corrcoef(maps[face].ravel(), other[face].ravel())[0, 1]
        parts = [
            (correlation + 1) / 2,
            1 - (maps[face] / maps[face].max()).mean(),
            1 - found["average_drop"][face],
        ]
        np.testing.assert_allclose(found["coherency"][face], parts[0], rtol=RELATIVE)
        np.testing.assert_allclose(1 - found["complexity"][face], parts[1], rtol=RELATIVE)
        harmonic = 3 / sum(1 / part for part in parts)
        np.testing.assert_allclose(found["adcc"][face], harmonic, rtol=RELATIVE)


def test_a_map_that_does_not_change_is_coherent_and_a_flat_one_neither_nor() -> None:
    maps = np.random.default_rng(0).random((4, 3, 3)).astype(np.float32)
    maps[3] = 1
    same = _measure(faces(), maps, ("adcc",), explain=lambda variables, x, target: 5 * maps)
    np.testing.assert_allclose(same["coherency"], [1, 1, 1, 0.5], atol=1e-6)
    # A map of the whole face is not small at all.
    assert same["adcc"][3] == 0


def test_adcc_explains_the_masked_face() -> None:
    x, maps = faces(), np.random.default_rng(0).random((4, SIDE, SIDE)).astype(np.float32)
    shown = maps / maps.max((1, 2), keepdims=True)

    def explain(weight: jax.Array, x: jax.Array, target: jax.Array) -> jax.Array:
        np.testing.assert_allclose((x[..., 0] + 1) / 2, faces()[..., 0] * shown, atol=1e-6)
        return as_mass(x[..., 0])

    _measure(x, maps, ("adcc",), explain=explain)
