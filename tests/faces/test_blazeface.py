from collections.abc import Callable

import jax
import numpy as np
import pytest

from gimefive_jax.faces.blazeface import AnchorOutputs, BlazeFace, load_blazeface
from gimefive_jax.faces.network_files import network_sha256
from gimefive_jax.faces.views import cut_view, whole_view
from gimefive_jax.interop.shipped import ASSETS
from tests.faces.litert import GOLDEN_BLAZEFACE, blazeface_inputs, run_blazeface
from tests.faces.photos import astronaut
from tests.tolerances import SAME_NETWORK


@pytest.fixture(scope="module")
def outputs_of() -> Callable[[np.ndarray], AnchorOutputs]:
    variables, apply = load_blazeface(), jax.jit(BlazeFace().apply)
    return lambda x: apply(variables, x)


def test_shipped_variables_are_those_of_the_module():
    shapes = jax.eval_shape(BlazeFace().init, jax.random.key(0), np.zeros((1, 128, 128, 3)))
    assert jax.tree.map(np.shape, load_blazeface()) == jax.tree.map(np.shape, shapes)
    assert sum(leaf.size for leaf in jax.tree.leaves(load_blazeface())) == 101_390


def test_the_notice_is_of_this_very_file():
    assert network_sha256("blazeface") in (ASSETS / "NOTICE.md").read_text()


def test_blazeface_gives_what_litert_gave(outputs_of: Callable[[np.ndarray], AnchorOutputs]):
    inputs, golden = blazeface_inputs(), np.load(GOLDEN_BLAZEFACE)
    found = outputs_of(np.stack(list(inputs.values())))
    for row, name in enumerate(inputs):
        np.testing.assert_allclose(found.logits[row], golden[f"{name}_logits"], atol=SAME_NETWORK)
        np.testing.assert_allclose(found.values[row], golden[f"{name}_values"], atol=SAME_NETWORK)


def test_blazeface_gives_what_litert_gives_for_new_inputs(
    outputs_of: Callable[[np.ndarray], AnchorOutputs],
):
    noise = np.random.default_rng(5).uniform(-1, 1, (128, 128, 3)).astype(np.float32)
    photo = cut_view(astronaut(), whole_view((512, 512)), side=128) / np.float32(127.5) - 1
    for x in (noise, photo):
        logits, values = run_blazeface(x)
        found = outputs_of(x[None])
        np.testing.assert_allclose(found.logits[0], logits, atol=SAME_NETWORK)
        np.testing.assert_allclose(found.values[0], values, atol=SAME_NETWORK)
