"""Optimizer and learning-rate schedule from the config."""

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PyTree

from gimefive_jax.config import OptimizerConfig
from gimefive_jax.training.muon import muon_direction


def make_schedule(
    config: OptimizerConfig, *, steps_per_epoch: float, num_steps: int
) -> optax.Schedule:
    """Learning rate by step: linear warm-up, then constant, in steps, or down a cosine to zero.

    With `plateau` it is constant after the warm-up; the training loop multiplies it by
    `LoopState.rate_factor` after each evaluation.

    Args:
      config: The schedule, its peak and its warm-up.
      steps_per_epoch: Steps of one pass over the train split.
      num_steps: Steps of the whole run, at whose end `cosine` reaches zero.

    Returns:
      The learning rate as a function of the step.
    """
    warmup = round(config.warmup_epochs * steps_per_epoch)
    if config.schedule == "cosine":
        after = optax.cosine_decay_schedule(config.learning_rate, max(1, num_steps - warmup))
    elif config.schedule == "step":
        after = _falling(config, warmup=warmup, steps_per_epoch=steps_per_epoch)
    else:
        after = optax.constant_schedule(config.learning_rate)
    if not warmup:
        return after
    rise = optax.linear_schedule(0.0, config.learning_rate, warmup)
    return optax.join_schedules([rise, after], [warmup])


def _falling(config: OptimizerConfig, *, warmup: int, steps_per_epoch: float) -> optax.Schedule:
    interval = max(1, round(config.decay_epochs * steps_per_epoch))

    def rate(count: Int[Array, ""] | int) -> Float[Array, ""]:
        # Joined schedules count from where they begin, falls from the start of the run.
        falls = (jnp.asarray(count) + warmup) // interval
        return config.learning_rate * config.decay_factor ** falls.astype(jnp.float32)

    return rate


def make_optimizer(
    config: OptimizerConfig, schedule: optax.Schedule
) -> optax.GradientTransformation:
    """Makes the optimizer: clipping, weight decay and the update rule, as torch computes them.

    Args:
      config: Which optimizer, and its settings.
      schedule: Learning rate by step.

    Returns:
      An optax transformation. `coupled` weight decay comes before the update rule, `decoupled`
      after it.
    """
    mask = _is_kernel if config.decay_only_kernels else None
    decay = optax.add_decayed_weights(config.weight_decay, mask=mask)
    direction = [_direction(config)]
    decoupled = config.decay == "decoupled" or (
        config.decay == "auto" and config.name in ("adamw", "muon")
    )
    clipping = [optax.clip_by_global_norm(config.clip_norm)] if config.clip_norm else []
    return optax.chain(
        *clipping,
        *([*direction, decay] if decoupled else [decay, *direction]),
        optax.scale_by_learning_rate(schedule),
    )


def _direction(config: OptimizerConfig) -> optax.GradientTransformation:
    if config.name == "muon":
        return muon_direction(config)
    if config.name != "sgd":
        return optax.scale_by_adam()
    if not config.momentum:
        return optax.identity()
    return optax.trace(config.momentum, nesterov=config.nesterov)


def _is_kernel(params: PyTree) -> PyTree:
    return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key == "kernel", params)
