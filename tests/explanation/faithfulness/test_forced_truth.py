"""Maps of networks that cannot see beyond a mask: all of their mass must lie on it."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import PyTree

from gimefive_jax.explanation import METHOD_FACTS, METHODS, explain_fn
from gimefive_jax.explanation.faithfulness.mass import area_share, mass_on
from gimefive_jax.structs import PixelScale
from tests.tolerances import HIDDEN_IN_VAIN

SIDE, CELL = 32, 8
# Black is not 0, as in the package's own networks.
SCALE = PixelScale(black=-2.0, white=2.0)
LAYERS = ("fine_activation", "coarse_activation", "fine_activation+coarse_activation")
OF_PIXELS = [name for name in METHODS if METHOD_FACTS[name].at_input]
OF_LAYERS = [name for name in METHODS if not METHOD_FACTS[name].at_input]


class Ordinary(nn.Module):
    """Overlapping convolutions with biases and norms: each output sees beyond its cell."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for i, features in enumerate((8, 8)):
            x = nn.Conv(features, (5, 5), strides=2, name=f"conv{i}")(x)
            x = nn.relu(nn.LayerNorm(name=f"norm{i}")(x))
        return nn.Dense(3, name="head")(x.mean((1, 2)))


class Patches(nn.Module):
    """Convolutions without bias whose patches do not overlap: no cell sees its neighbours."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = nn.relu(nn.Conv(12, (4, 4), strides=4, padding="VALID", use_bias=False, name="fine")(x))
        x = Seen(name="fine_activation")(x)
        x = nn.Conv(12, (2, 2), strides=2, padding="VALID", use_bias=False, name="coarse")(x)
        x = Seen(name="coarse_activation")(nn.relu(x))
        return nn.Dense(3, name="head")(nn.relu(nn.Dense(16, name="hidden")(x.mean((1, 2)))))


class Seen(nn.Module):
    """Gives an activation a name."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return x


def _faces() -> jax.Array:
    unit = jax.random.uniform(jax.random.key(0), (6, SIDE, SIDE, 1))
    return jnp.repeat(SCALE.to_input(unit), 3, axis=-1)


def _aligned_masks() -> np.ndarray:
    """True on two or three whole cells of each face."""
    cells = np.random.default_rng(0).permuted(np.tile(np.arange(16) < 3, (6, 1)), axis=1)
    cells[0, np.flatnonzero(cells[0])[0]] = False
    return cells.reshape(6, 4, 4).repeat(CELL, 1).repeat(CELL, 2)


def _free_masks() -> np.ndarray:
    """True on a disc anywhere."""
    y, x = np.mgrid[:SIDE, :SIDE]
    centres = np.random.default_rng(1).integers(8, 24, (6, 2))
    return np.stack([(y - b) ** 2 + (x - a) ** 2 < 36 for b, a in centres])


def _maps(model: nn.Module, masks: np.ndarray, method: object, *layers: str) -> list[np.ndarray]:
    """Of the network whose input is multiplied by the masks."""
    variables = jax.jit(model.init)(jax.random.key(4), _faces())

    def network(given: tuple[PyTree, jax.Array], x: jax.Array) -> jax.Array:
        variables, mask = given
        # Methods show the network several copies of all faces.
        copies = jnp.tile(mask, (len(x) // len(mask), 1, 1, 1))
        return model.apply(variables, x * copies)

    explain = jax.jit(explain_fn(network, methods=(method,), layers=layers, pixels=SCALE))
    mask = jnp.asarray(masks, jnp.float32)[..., None]
    found = explain((variables, mask), _faces()).explanations
    return [np.asarray(one.heat_map) for one in found.values()]


def _widened(masks: np.ndarray, pixels: int) -> np.ndarray:
    """Where a patch that touches the mask may lie."""
    wide = np.zeros_like(masks)
    padded = np.pad(masks, ((0, 0), (pixels, pixels), (pixels, pixels)))
    for i in range(2 * pixels + 1):
        for j in range(2 * pixels + 1):
            wide |= padded[:, i : i + SIDE, j : j + SIDE]
    return wide


# Input times gradient is HiResCAM at the input.
@pytest.mark.parametrize("method", ["hirescam", *OF_PIXELS])
def test_pixel_methods_put_all_mass_where_the_input_is_seen(method: str):
    masks = _free_masks()
    [heat_map] = _maps(Ordinary(), masks, method, "input")
    assert (heat_map > 0).any((1, 2)).all()
    # A patch of occlusion that touches the mask is painted whole.
    seen = _widened(masks, 7) if method == "occlusion" else masks
    np.testing.assert_allclose(mass_on(heat_map, seen), 1, rtol=HIDDEN_IN_VAIN)
    assert (area_share(seen) < 0.7).all()


def test_occlusion_puts_all_mass_on_the_mask_where_patches_are_the_cells():
    occlusion = pytest.importorskip("gimefive_jax.explanation.methods.occlusion")
    masks = _aligned_masks()
    method = occlusion.Occlusion(patch=CELL, stride=CELL)
    [heat_map] = _maps(Ordinary(), masks, method, "input")
    np.testing.assert_allclose(mass_on(heat_map, masks), 1, rtol=HIDDEN_IN_VAIN)


@pytest.mark.parametrize("method", OF_LAYERS)
def test_class_activation_maps_put_nearly_all_mass_where_cells_see_something(method: str):
    masks = _aligned_masks()
    for heat_map in _maps(Patches(), masks, method, *LAYERS):
        shows = (heat_map > 0).any((1, 2))
        # A map without a positive cell counts as uniform, and says nothing of a place.
        assert shows.sum() >= 2
        assert (np.asarray(mass_on(heat_map, masks))[shows] >= 0.99).all()


def test_a_network_that_sees_everything_is_not_held_to_the_mask():
    [heat_map] = _maps(Ordinary(), np.ones((6, SIDE, SIDE), np.bool_), "hirescam", "input")
    assert (mass_on(heat_map, _free_masks()) < 0.6).all()
