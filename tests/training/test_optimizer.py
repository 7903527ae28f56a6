"""Updates against torch's optimizers, and against the formulas written out."""

import jax
import numpy as np
import optax
import pytest

from gimefive_jax.config import ExperimentConfig, OptimizerConfig, replace
from gimefive_jax.structs import LoopState
from gimefive_jax.training.optimizer import make_optimizer, make_schedule
from gimefive_jax.training.patience import after_evaluation
from tests.relative import relative_difference
from tests.tolerances import RELATIVE

_TORCH = {
    "sgd": ("SGD", {"momentum": 0.9, "nesterov": True}, {"momentum": 0.9, "nesterov": True}),
    "adam": ("Adam", {"name": "adam"}, {}),
    "adamw": ("AdamW", {"name": "adamw"}, {}),
}


@pytest.mark.parametrize("name", _TORCH)
@pytest.mark.parametrize("clip_norm", [0.0, 0.7])
def test_ten_updates_are_those_of_torch(name: str, clip_norm: float):
    torch = pytest.importorskip("torch", reason="what it is compared with is torch's")
    torch_name, changes, options = _TORCH[name]
    config = OptimizerConfig(
        learning_rate=0.03,
        weight_decay=0.05,
        clip_norm=clip_norm,
        schedule="step",
        decay_epochs=2,
        decay_factor=0.3,
        **changes,
    )
    schedule = make_schedule(config, steps_per_epoch=2, num_steps=10)
    optimizer = make_optimizer(config, schedule)
    random = np.random.default_rng(0)
    params = {"kernel": random.normal(size=(3, 4)).astype(np.float32)}
    state = optimizer.init(params)
    tensor = torch.nn.Parameter(torch.tensor(params["kernel"]))
    theirs = getattr(torch.optim, torch_name)([tensor], lr=0.03, weight_decay=0.05, **options)
    # Four steps are two epochs.
    falling = torch.optim.lr_scheduler.StepLR(theirs, step_size=4, gamma=0.3)
    for _ in range(10):
        grads = {"kernel": random.normal(size=(3, 4)).astype(np.float32)}
        updates, state = optimizer.update(grads, state, params)
        params = optax.apply_updates(params, updates)
        tensor.grad = torch.tensor(grads["kernel"])
        if clip_norm:
            torch.nn.utils.clip_grad_norm_([tensor], clip_norm)
        theirs.step()
        falling.step()
        assert relative_difference(params["kernel"], tensor.detach().numpy()) < RELATIVE


def test_decoupled_decay_of_sgd_joins_the_update_after_the_momentum():
    config = OptimizerConfig(momentum=0.9, weight_decay=0.01, decay="decoupled")
    optimizer = make_optimizer(config, optax.constant_schedule(0.1))
    p, v = np.array([2.0, -3.0]), np.zeros(2)
    params = {"kernel": p}
    state = optimizer.init(params)
    for g in (np.array([1.0, 0.5]), np.array([-0.2, 0.1])):
        updates, state = optimizer.update({"kernel": g}, state, params)
        params = optax.apply_updates(params, updates)
        v = 0.9 * v + g
        p = p - 0.1 * (v + 0.01 * p)
    np.testing.assert_allclose(params["kernel"], p, rtol=1e-6)


def test_a_plateau_lowers_the_rate_when_torch_does():
    torch = pytest.importorskip("torch", reason="what it is compared with is torch's")
    config = replace(
        ExperimentConfig(),
        {
            "optimizer.schedule": "plateau",
            "optimizer.plateau_patience": 2,
            "optimizer.decay_factor": 0.5,
            "training.patience": 9,
        },
    )
    theirs = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
        theirs, mode="max", factor=0.5, patience=2, threshold=0.0
    )
    loop, factors = LoopState.fresh(), []
    for accuracy in np.random.default_rng(3).uniform(0.3, 0.7, 30).astype(np.float32):
        loop = after_evaluation(loop, float(accuracy), config)
        plateau.step(float(accuracy))
        factors.append(float(loop.rate_factor))
        assert factors[-1] == theirs.param_groups[0]["lr"]
    assert len(set(factors)) > 3


def test_coupled_decay_joins_the_gradient_before_the_momentum():
    config = OptimizerConfig(learning_rate=0.1, momentum=0.9, weight_decay=0.01)
    optimizer = make_optimizer(config, optax.constant_schedule(0.1))
    p, v = np.array([2.0, -3.0]), np.zeros(2)
    params = {"kernel": p}
    state = optimizer.init(params)
    for g in (np.array([1.0, 0.5]), np.array([-0.2, 0.1])):
        updates, state = optimizer.update({"kernel": g}, state, params)
        params = optax.apply_updates(params, updates)
        v = 0.9 * v + (g + 0.01 * p)
        p = p - 0.1 * v
    np.testing.assert_allclose(params["kernel"], p, rtol=1e-6)


def test_decay_of_kernels_spares_the_rest():
    config = OptimizerConfig(learning_rate=1.0, weight_decay=0.5, decay_only_kernels=True)
    optimizer = make_optimizer(config, optax.constant_schedule(1.0))
    params = {"conv": {"kernel": np.ones(2), "bias": np.ones(2)}}
    zero = jax.tree.map(np.zeros_like, params)
    updates, _ = optimizer.update(zero, optimizer.init(params), params)
    np.testing.assert_allclose(updates["conv"]["kernel"], -0.5)
    np.testing.assert_allclose(updates["conv"]["bias"], 0)


def test_a_rate_in_steps_falls_at_epochs_of_the_run_also_after_a_warm_up():
    config = OptimizerConfig(
        learning_rate=1.0, schedule="step", warmup_epochs=1, decay_epochs=2, decay_factor=0.1
    )
    schedule = make_schedule(config, steps_per_epoch=10, num_steps=100)
    rates = [float(schedule(step)) for step in (0, 5, 10, 19, 20, 39, 40)]
    np.testing.assert_allclose(rates, [0, 0.5, 1, 1, 0.1, 0.1, 0.01], rtol=1e-5, atol=1e-8)


def test_the_schedule_rises_then_falls_to_zero():
    config = OptimizerConfig(learning_rate=0.2, schedule="cosine", warmup_epochs=2)
    schedule = make_schedule(config, steps_per_epoch=10, num_steps=100)
    rates = [float(schedule(step)) for step in (0, 10, 20, 60, 100)]
    np.testing.assert_allclose(rates, [0, 0.1, 0.2, 0.1, 0], rtol=1e-6, atol=1e-8)
