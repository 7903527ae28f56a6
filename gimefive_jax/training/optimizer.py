"""Optimizer and learning-rate schedule from the config."""

import jax
import optax
from jaxtyping import PyTree

from gimefive_jax.config import OptimizerConfig


def make_schedule(
    config: OptimizerConfig, *, steps_per_epoch: float, num_steps: int
) -> optax.Schedule:
    """Learning rate by step: linear warm-up, then constant or down a cosine to zero."""
    warmup = round(config.warmup_epochs * steps_per_epoch)
    if config.schedule == "cosine":
        after = optax.cosine_decay_schedule(config.learning_rate, max(1, num_steps - warmup))
    else:
        after = optax.constant_schedule(config.learning_rate)
    if not warmup:
        return after
    rise = optax.linear_schedule(0.0, config.learning_rate, warmup)
    return optax.join_schedules([rise, after], [warmup])


def make_optimizer(
    config: OptimizerConfig, schedule: optax.Schedule
) -> optax.GradientTransformation:
    """Optax transformation; sgd's decay joins the gradient before the momentum, as in torch."""
    mask = _is_kernel if config.decay_only_kernels else None
    if config.name == "adamw":
        return optax.adamw(schedule, weight_decay=config.weight_decay, mask=mask)
    return optax.chain(
        optax.add_decayed_weights(config.weight_decay, mask=mask),
        optax.sgd(schedule, momentum=config.momentum or None, nesterov=config.nesterov),
    )


def _is_kernel(params: PyTree) -> PyTree:
    return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key == "kernel", params)
