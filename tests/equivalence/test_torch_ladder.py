"""Every model beside a PyTorch module written from its description; the first red rung tells.

Needs torch (a CPU build is enough); without it these tests skip. Training is compared in float32
for a step, and in float64 for ten: a ReLU whose input lies within float32's rounding of zero may
open on one side and not on the other, and the steps that follow make more of it.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import PyTree

from gimefive_jax.explanation.methods import METHODS
from gimefive_jax.interop.torch_names import from_torch, to_torch
from gimefive_jax.models import ARCHITECTURES
from tests.equivalence import ladder
from tests.relative import relative_difference
from tests.tolerances import RELATIVE, TRAINING_GRADIENT

# The paper's model, and the one whose norms run twice a step; CI runs the others as well.
_QUICK = ("gimefive", "vgg")
_TEN_STEPS = [
    name if name in _QUICK else pytest.param(name, marks=pytest.mark.heavy)
    for name in ARCHITECTURES
]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_names_and_axes_return_from_torch_as_they_went(name: str):
    variables = ladder.variables(name)
    state = to_torch(name, variables)
    assert len(state) == len(jax.tree.leaves(variables))
    for collection in variables.values():
        jax.tree.map(np.testing.assert_array_equal, from_torch(name, state, collection), collection)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_activation_of_every_block(name: str):
    ours, theirs = ladder.ours_explained(name), ladder.theirs_explained(name)
    for layer, wanted in theirs.activations.items():
        assert relative_difference(ours.activations[layer], wanted) < RELATIVE, layer


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_logits_in_eval_mode(name: str):
    ours, theirs = ladder.ours_explained(name), ladder.theirs_explained(name)
    assert relative_difference(ours.logits, theirs.logits) < RELATIVE


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_maps_at_the_default_layer(name: str, method: str):
    # Maps and not gradients: where a pooled window is all zero, any of it may take the gradient.
    ours, theirs = (
        METHODS[method](
            jnp.asarray(side.activations[ladder.layer(name)]), jnp.asarray(side.gradient)
        )
        for side in (ladder.ours_explained(name), ladder.theirs_explained(name))
    )
    assert relative_difference(ours, theirs) < RELATIVE


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_step_in_float32(name: str):
    [ours] = ladder.ours_trained(name, "float32", 1)
    [theirs] = ladder.theirs_trained(name, "float32", 1)
    assert ours.loss == pytest.approx(theirs.loss, rel=RELATIVE)
    _assert_gradients_agree(ours.grads, theirs.grads, TRAINING_GRADIENT)
    _assert_gradients_agree(ours.momentum, theirs.momentum, TRAINING_GRADIENT)
    _assert_agree(ours.params, theirs.params, RELATIVE)
    _assert_agree(ours.batch_stats, theirs.batch_stats, RELATIVE)


@pytest.mark.parametrize("name", _TEN_STEPS)
def test_ten_steps_in_float64(name: str):
    ours = ladder.ours_trained(name, "float64", 10)
    theirs = ladder.theirs_trained(name, "float64", 10)
    start = ladder.variables(name)["params"]
    for a, b in zip(ours, theirs, strict=True):
        assert a.loss == pytest.approx(b.loss, rel=RELATIVE)
        _assert_gradients_agree(a.grads, b.grads, RELATIVE)
        _assert_gradients_agree(a.momentum, b.momentum, RELATIVE)
        # How far the parameters have come, which is little beside what they are.
        _assert_gradients_agree(_less(a.params, start), _less(b.params, start), RELATIVE)
        _assert_agree(a.batch_stats, b.batch_stats, RELATIVE)


def _assert_agree(found: PyTree, wanted: PyTree, tolerance: float) -> None:
    ours, theirs = _named(found), _named(wanted)
    for name in theirs:
        assert relative_difference(ours[name], theirs[name]) < tolerance, name


def _assert_gradients_agree(found: PyTree, wanted: PyTree, tolerance: float) -> None:
    """As above; biases that a batch norm takes out again are measured by their layer's kernel."""
    ours, theirs = _named(found), _named(wanted)
    for name, b in theirs.items():
        taken_out = name.endswith(("conv/bias", "conv1/bias", "conv2/bias"))
        scale = np.abs(theirs[name.replace("bias", "kernel")] if taken_out else b).max()
        assert np.abs(ours[name] - b).max() < tolerance * scale, name


def _named(tree: PyTree) -> dict[str, np.ndarray]:
    paths, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {"/".join(key.key for key in path): np.asarray(leaf) for path, leaf in paths}


def _less(params: PyTree, start: PyTree) -> PyTree:
    return jax.tree.map(lambda a, b: np.asarray(a, np.float64) - np.asarray(b), params, start)
