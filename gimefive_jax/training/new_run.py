"""A run folder from weights, as it is before the first training step."""

import dataclasses
from pathlib import Path

from gimefive_jax import files, parallel
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.interop import Weights
from gimefive_jax.models import make_model
from gimefive_jax.runs import Origin, RunFolder
from gimefive_jax.structs import TrainState
from gimefive_jax.training.optimizer import make_optimizer, make_schedule
from gimefive_jax.training.step import fresh_state


def write_run(folder: Path, weights: Weights) -> None:
    """Writes a run folder that begins from weights; it can be evaluated and trained on.

    Args:
      folder: The folder to write, which appears whole or not at all.
      weights: The variables, with the config of the run.
    """
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
