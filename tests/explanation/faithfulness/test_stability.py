import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gimefive_jax.explanation.faithfulness import measure_fn, stability
from gimefive_jax.explanation.faithfulness.stability import (
    FlipConsistency,
    Infidelity,
    MaxSensitivity,
)
from gimefive_jax.structs import PixelScale
from tests.oracles import captum_metrics
from tests.tolerances import RELATIVE

SCALE = PixelScale(black=(-2.0, -1.0, 0.0), white=(2.0, 1.0, 3.0))
SLOPE = jax.random.normal(jax.random.key(3), (8, 8, 3))
SENSITIVITY, INFIDELITY, FLIP = MaxSensitivity(), Infidelity(), FlipConsistency()


def _faces(count: int = 3) -> jax.Array:
    return jax.random.normal(jax.random.key(0), (count, 8, 8, 3))


def _target(count: int = 3) -> jax.Array:
    return jnp.arange(count, dtype=jnp.int32)


def _maps(variables: jax.Array, x: jax.Array, target: jax.Array) -> jax.Array:
    """Of a network without meaning: a curved function of the face and the target."""
    return (jnp.sin(3 * x) * variables * (1 + target[:, None, None, None])).sum(-1)


def _score(x: jax.Array) -> jax.Array:
    return jnp.tanh(0.1 * (x * SLOPE).sum((-3, -2, -1)))


def _run(metric: MaxSensitivity | FlipConsistency, explain=_maps) -> jax.Array:
    """Of the maps of `explain`, as a part of the one measuring function."""

    def network(variables: jax.Array, x: jax.Array) -> jax.Array:
        raise AssertionError("nothing is predicted")

    measure = measure_fn(network, metric, pixels=SCALE, explain=explain)
    heat_map = explain(SLOPE, _faces(), _target())
    return jax.jit(measure)(SLOPE, _faces(), heat_map, _target(), _target())[metric.name]


def _changes() -> jax.Array:
    """The noise of max-sensitivity, as it is drawn."""
    key, radius = jax.random.key(stability._SENSITIVITY_SEED), SENSITIVITY.radius
    shape = (SENSITIVITY.draws, 8, 8, 1)
    return jax.random.uniform(key, shape, jnp.float32, -radius, radius) * SCALE.range


def test_max_sensitivity_is_that_of_captum():
    captum = captum_metrics()
    import torch

    def explain(given, **_):
        x = jnp.asarray(given[0].numpy())
        found = _maps(SLOPE, x, jnp.repeat(_target(), len(x) // 3))
        return (torch.from_numpy(np.array(found)),)

    def change(x, radius):
        assert radius == SENSITIVITY.radius
        return (x + torch.from_numpy(np.tile(_changes(), (3, 1, 1, 1))),)

    faces = (torch.from_numpy(np.array(_faces())),)
    wanted = captum.sensitivity_max(
        explain,
        faces,
        change,
        perturb_radius=SENSITIVITY.radius,
        n_perturb_samples=SENSITIVITY.draws,
    )
    np.testing.assert_allclose(_run(SENSITIVITY), wanted, rtol=RELATIVE)


def test_a_map_that_ignores_the_face_is_not_sensitive():
    def fixed(variables, x, target):
        return jnp.broadcast_to(variables.sum(-1), x.shape[:3])

    assert not _run(SENSITIVITY, fixed).any()


def test_sensitivity_of_a_map_in_proportion_to_the_face_follows_from_the_noise():
    def grey(variables, x, target):
        return SCALE.to_unit(x).mean(-1)

    change = (_changes() / SCALE.range).mean(-1)
    length = jnp.linalg.norm(SCALE.to_unit(_faces()).mean(-1), axis=(1, 2))
    wanted = jnp.linalg.norm(change, axis=(1, 2)).max() / length
    np.testing.assert_allclose(_run(SENSITIVITY, grey), wanted, rtol=1e-4)
    assert jnp.abs(change).max() <= SENSITIVITY.radius + 1e-7


def test_faces_are_changed_alike_in_any_batch():
    whole = _run(SENSITIVITY)
    for i in range(3):
        face, target = _faces()[i : i + 1], _target()[i : i + 1]

        def explain(x: jax.Array, target: jax.Array = target) -> jax.Array:
            return _maps(SLOPE, x, target)

        alone = SENSITIVITY(explain(face), face, explain, SCALE)
        np.testing.assert_allclose(alone[0], whole[i], rtol=RELATIVE)


def test_a_map_of_zeros_gives_no_nan():
    def zeros(variables, x, target):
        return jnp.zeros(x.shape[:3])

    assert not _run(SENSITIVITY, zeros).any()
    assert not _run(FLIP, zeros).any()
    assert (INFIDELITY(jnp.zeros((3, 4, 4)), _faces(), _score, SCALE) == 1).all()


def test_flip_consistency_is_one_for_what_is_seen_alike_and_minus_one_for_a_side():
    def grey(variables, x, target):
        return x.mean(-1)

    def side(variables, x, target):
        return jnp.broadcast_to(jnp.arange(8.0), x.shape[:3])

    np.testing.assert_allclose(_run(FLIP, grey), 1, rtol=RELATIVE)
    np.testing.assert_allclose(_run(FLIP, side), -1, rtol=RELATIVE)


def test_flip_consistency_compares_the_face_with_its_own_mirror_image():
    from scipy.stats import spearmanr

    found = _run(FLIP)
    straight = _maps(SLOPE, _faces(), _target())
    mirrored = _maps(SLOPE, _faces()[:, :, ::-1], _target())
    for i in range(3):
        wanted = spearmanr(mirrored[i].ravel(), straight[i, :, ::-1].ravel()).statistic
        assert found[i] == pytest.approx(wanted, abs=RELATIVE)


@pytest.mark.parametrize("grid", [(8, 8), (4, 4), (3, 5)])
def test_infidelity_is_that_of_captum_over_the_mean_squared_change(grid: tuple[int, int]):
    captum = captum_metrics()
    import torch

    draws = INFIDELITY.draws
    key = jax.random.key(stability._INFIDELITY_SEED)
    noise = INFIDELITY.sigma * jax.random.normal(key, (draws, 8, 8))
    gradient = (SLOPE * SCALE.range).sum(-1)
    fine = gradient + jax.random.normal(jax.random.key(9), (3, 8, 8))
    heat_map = jax.image.resize(fine, (3, *grid), "linear")
    enlarged = _enlarged(heat_map)
    change = _score(_faces()) - _score(_faces() - noise[:, None, :, :, None] * SCALE.range)

    def change_face(x):
        shown = np.tile(noise, (3, 1, 1))
        moved = x.numpy() - np.asarray(shown[..., None] * SCALE.range)
        # captum multiplies by the map what it is given first.
        spread = np.repeat(shown[..., None], 3, axis=-1) / 3
        return torch.from_numpy(spread), torch.from_numpy(moved)

    wanted = captum.infidelity(
        lambda x: torch.from_numpy(np.array(_score(jnp.asarray(x.numpy())))),
        change_face,
        torch.from_numpy(np.array(_faces())),
        torch.from_numpy(np.repeat(enlarged[..., None], 3, axis=-1)),
        n_perturb_samples=draws,
        normalize=True,
    )
    found = INFIDELITY(heat_map, _faces(), _score, SCALE)
    np.testing.assert_allclose(found, wanted.numpy() / (change**2).mean(0), rtol=1e-3)
    assert (found < 0.95).all()


def _enlarged(heat_map: jax.Array) -> np.ndarray:
    rows, columns = ((2 * np.arange(8) + 1) * n // 16 for n in heat_map.shape[1:])
    return np.asarray(heat_map)[:, rows][:, :, columns]


def test_the_slope_of_a_linear_network_foretells_every_change_in_any_unit():
    def linear(x: jax.Array) -> jax.Array:
        return (x * SLOPE).sum((-3, -2, -1))

    slope = jnp.broadcast_to((SLOPE * SCALE.range).sum(-1), (3, 8, 8))
    for factor in (1, 1e-3, 1e20):
        found = INFIDELITY(factor * slope, _faces(), linear, SCALE)
        np.testing.assert_allclose(found, 0, atol=1e-5)
    assert (INFIDELITY(-slope, _faces(), linear, SCALE) == 1).all()


def test_a_map_that_knows_nothing_foretells_next_to_nothing():
    count = 400
    faces = jnp.broadcast_to(_faces(1), (count, 8, 8, 3))
    heat_map = jax.random.normal(jax.random.key(5), (count, 8, 8))
    found = INFIDELITY(heat_map, faces, _score, SCALE)
    assert found.mean() == pytest.approx(1 - 1 / (2 * INFIDELITY.draws), abs=0.01)


def test_a_score_that_never_changes_gives_zero():
    constant = functools.partial(jnp.sum, axis=(-3, -2, -1))
    found = INFIDELITY(jnp.ones((3, 8, 8)), _faces(), lambda x: constant(0 * x), SCALE)
    assert (found == 0).all()
