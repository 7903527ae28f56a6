import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gimefive_jax.faces.blazeface import load_blazeface
from gimefive_jax.faces.finding import find_in_views
from gimefive_jax.faces.views import cut_view, whole_view
from tests.faces.photos import astronaut, resized


@pytest.mark.parametrize("platform", ["tpu", "cuda"])
def test_finding_is_one_program_of_an_accelerators_own_convolutions(platform: str):
    views, scores = jnp.zeros((16, 128, 128, 3), jnp.uint8), jnp.zeros(16)
    traced = jax.jit(find_in_views).trace(load_blazeface(), views, scores)
    text = traced.lower(lowering_platforms=(platform,)).as_text()
    # The first layer, and sixteen of each channel by itself.
    assert text.count("stablehlo.convolution") == 17
    assert "stablehlo.while" in text


def test_a_view_is_searched_alike_alone_and_among_others():
    photo = astronaut()
    shown = [photo, photo[:400, :300], np.zeros((64, 64, 3), np.uint8), resized(photo, 0.5)]
    views = np.stack([cut_view(one, whole_view(one.shape[:2]), side=128) for one in shown])
    find, variables = jax.jit(find_in_views), load_blazeface()
    together = find(variables, views, np.full(4, 0.5, np.float32))
    for row in range(4):
        alone = find(variables, views[row : row + 1], np.full(1, 0.5, np.float32))
        np.testing.assert_allclose(alone.scores[0], together.scores[row], atol=1e-5)
        np.testing.assert_allclose(alone.corners[0], together.corners[row], atol=1e-5)


def test_each_view_has_its_own_least_score():
    view = cut_view(astronaut(), whole_view((512, 512)), side=128)
    least = np.array([0.5, 0.999], np.float32)
    found = jax.jit(find_in_views)(load_blazeface(), np.stack([view, view]), least)
    assert (np.asarray(found.scores) > 0).sum(1).tolist() == [1, 0]
