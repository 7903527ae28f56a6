"""Muon's steps: orthogonal for kernels, Adam's for all else."""

from pathlib import Path

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jaxtyping import PyTree

from gimefive_jax.config import ExperimentConfig, OptimizerConfig, replace
from gimefive_jax.models import make_model
from gimefive_jax.runs.checkpoints import Checkpoints
from gimefive_jax.training.optimizer import make_optimizer
from gimefive_jax.training.step import init_state

_RATE, _REST_RATE, _DECAY = 0.02, 0.003, 0.05


def _config(**changes: float) -> OptimizerConfig:
    return OptimizerConfig(
        name="muon",
        learning_rate=_RATE,
        rest_learning_rate=_REST_RATE,
        momentum=0.95,
        nesterov=True,
        weight_decay=_DECAY,
        decay_only_kernels=True,
        **changes,
    )


def _random_like(params: PyTree, seed: int) -> PyTree:
    random = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: jnp.float32(random.normal(size=leaf.shape)), params)


@pytest.fixture(name="params")
def fixture_params() -> PyTree:
    shapes = {
        "block1": {"conv": {"kernel": (3, 3, 4, 5), "bias": (5,)}, "norm": {"scale": (5,)}},
        "dense1": {"kernel": (4, 16), "bias": (16,)},
        "logits": {"kernel": (16, 6), "bias": (6,)},
        "evidence": {"kernel": (16, 6), "bias": (6,)},
        "place": {"code": (8, 8, 4)},
    }
    zeros = jax.tree.map(jnp.zeros, shapes, is_leaf=lambda leaf: isinstance(leaf, tuple))
    return _random_like(zeros, 0)


@pytest.fixture(name="updates")
def fixture_updates(params: PyTree) -> PyTree:
    optimizer = make_optimizer(_config(), optax.constant_schedule(_RATE))
    updates, _ = optimizer.update(_random_like(params, 1), optimizer.init(params), params)
    return updates


@pytest.mark.parametrize(("path", "scale"), [(("block1", "conv"), 1.0), (("dense1",), 2.0)])
def test_a_kernel_moves_equally_far_in_every_direction(
    params: PyTree, updates: PyTree, path: tuple[str, ...], scale: float
):
    for name in path:
        params, updates = params[name], updates[name]
    kernel, update = params["kernel"], updates["kernel"]
    step = -np.asarray(update) / _RATE - _DECAY * np.asarray(kernel)
    sizes = np.linalg.svd(step.reshape(-1, step.shape[-1]), compute_uv=False)
    # The coefficients of the iteration end between 0.6 and 1.2, on purpose.
    assert scale * 0.6 < sizes.min() <= sizes.max() < scale * 1.25


def test_what_is_no_matrix_and_the_logits_move_by_adam_at_a_rate_of_their_own(
    params: PyTree, updates: PyTree
):
    adam = optax.adam(_REST_RATE)
    expected, _ = adam.update(_random_like(params, 1), adam.init(params), params)
    np.testing.assert_allclose(
        updates["block1"]["norm"]["scale"], expected["block1"]["norm"]["scale"], rtol=1e-5
    )
    np.testing.assert_allclose(updates["dense1"]["bias"], expected["dense1"]["bias"], rtol=1e-5)
    np.testing.assert_allclose(updates["place"]["code"], expected["place"]["code"], rtol=1e-5)
    for layer in ("logits", "evidence"):
        decayed = expected[layer]["kernel"] - _RATE * _DECAY * params[layer]["kernel"]
        np.testing.assert_allclose(updates[layer]["kernel"], decayed, rtol=1e-4)


def test_both_rates_follow_the_schedule(params: PyTree):
    grads = _random_like(params, 1)

    def moved(rate: float) -> PyTree:
        optimizer = make_optimizer(_config(), optax.constant_schedule(rate))
        return optimizer.update(grads, optimizer.init(params), params)[0]

    for whole, half in zip(
        jax.tree.leaves(moved(_RATE)), jax.tree.leaves(moved(_RATE / 2)), strict=True
    ):
        np.testing.assert_allclose(half, whole / 2, rtol=1e-5)


def test_a_checkpoint_holds_the_momentum_of_both_kinds(tmp_path: Path):
    config = replace(ExperimentConfig(optimizer=_config()), {"model.width": 0.0625})
    model = make_model(config.model)
    optimizer = make_optimizer(config.optimizer, optax.constant_schedule(_RATE))
    state = init_state(model, optimizer, config)
    _, moved = optimizer.update(_random_like(state.params, 1), state.opt_state, state.params)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(jax.device_get(state.replace(opt_state=moved)), step=3)
    with Checkpoints(tmp_path, read_only=True) as checkpoints:
        restored = checkpoints.restore(state, step=3)
    chex.assert_trees_all_equal(restored.opt_state, moved)
