"""Runs and weights: the trained variables of a run folder, and a run folder from weights."""

import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp

from gimefive_jax import files, parallel
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.errors import InputError
from gimefive_jax.interop import Weights
from gimefive_jax.interop.torch_names import norm_names
from gimefive_jax.models import find_architecture, make_model
from gimefive_jax.runs import Origin, RunFolder, find_run
from gimefive_jax.structs import TrainState
from gimefive_jax.training.optimizer import make_optimizer, make_schedule
from gimefive_jax.training.step import evaluated_variables, fresh_state


@dataclasses.dataclass(frozen=True)
class RestoredRun:
    """What a run folder, or one checkpoint in it, holds."""

    run: RunFolder
    weights: Weights
    step: int
    """Of the checkpoint that was read."""


def restore_run(model: str | Path) -> RestoredRun:
    """Best checkpoint of a run folder, or the checkpoint folder in it that is named.

    Raises InputError if there is none or it is damaged.
    """
    run = find_run(model)
    config = run.read_config()
    device = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    like = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=device),
        jax.eval_shape(lambda: _fresh(config)),
    )
    with run.open_checkpoints(read_only=True) as checkpoints:
        step = run.step if run.step is not None else checkpoints.best_step
        if step is None or step not in checkpoints.steps:
            raise InputError(
                f"{run.path} holds no checkpoint{'' if step is None else f' {step}'}; "
                "run `gimefive train --workdir` on it first"
            )
        state = checkpoints.restore(like, step=step)
    return RestoredRun(
        run=run,
        step=step,
        weights=Weights(
            config=config,
            variables=evaluated_variables(state),
            num_batches_tracked=_counters(run, config, state),
            source=_source(run, step),
        ),
    )


def write_run(folder: Path, weights: Weights) -> None:
    """Run folder before its first step, with these weights instead of random ones."""
    config = weights.config
    params, stats = weights.variables["params"], weights.variables["batch_stats"]
    state = parallel.run_once(lambda: _fresh(config))
    state = dataclasses.replace(
        state,
        params=params,
        batch_stats=stats,
        averaged=None if state.averaged is None else {"params": params, "batch_stats": stats},
    )
    with files.replacing_folder(folder) as partial:
        run = RunFolder(partial)
        run.write_config(config)
        Origin(weights.source, weights.num_batches_tracked).write(run.origin_file)
        with run.open_checkpoints() as checkpoints:
            checkpoints.save(state, step=0)


def _fresh(config: ExperimentConfig) -> TrainState:
    # Only the structure matters here: any schedule gives the same optimizer state.
    schedule = make_schedule(config.optimizer, steps_per_epoch=1, num_steps=2)
    return fresh_state(make_model(config.model), make_optimizer(config.optimizer, schedule), config)


def _source(run: RunFolder, step: int) -> str:
    origin = run.read_origin()
    begun = f", begun from {origin.source}" if origin is not None else ""
    return f"run {run.path.absolute().name}, step {step}{begun}"


def _counters(run: RunFolder, config: ExperimentConfig, state: TrainState) -> dict[str, int]:
    """What torch's batch norms would have counted, from where the run began."""
    architecture = find_architecture(config.model.name)
    if architecture.torch_names is None:
        return {}
    steps = int(jnp.asarray(state.step)) * architecture.calls_per_step
    origin = run.read_origin()
    if origin is None:
        return dict.fromkeys(norm_names(state.batch_stats), steps)
    return {norm: count + steps for norm, count in origin.num_batches_tracked.items()}
