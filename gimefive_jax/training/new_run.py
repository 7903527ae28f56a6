"""Makes a run folder from weights, in the state before the first training step."""

import dataclasses
from pathlib import Path

import jax
from jaxtyping import PyTree

from gimefive_jax import files, parallel
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.interop import Weights
from gimefive_jax.models import make_model
from gimefive_jax.runs import Origin, RunFolder
from gimefive_jax.structs import TrainState
from gimefive_jax.training.beginning import begin
from gimefive_jax.training.initial import InitialWeights
from gimefive_jax.training.optimizer import make_optimizer, make_schedule
from gimefive_jax.training.saved_state import SavedState
from gimefive_jax.training.step import fresh_state


def write_run(folder: Path, weights: Weights) -> None:
    """Writes a run folder that begins from weights; it can be evaluated and trained on.

    Args:
        folder: The folder to write, which appears whole or not at all.
        weights: The variables, with the config of the run.
    """
    state = _begin_with(parallel.run_once(lambda: _fresh(weights.config)), weights.variables)
    with files.replacing_folder(folder) as partial:
        run = RunFolder(partial)
        run.write_config(weights.config)
        Origin(weights.source, weights.num_batches_tracked).write(run.origin_file)
        with run.open_checkpoints() as checkpoints:
            checkpoints.save(SavedState.of(state), step=0)


@dataclasses.dataclass(frozen=True)
class NewRun:
    """A run before its first step that begins from weights; nothing is written yet."""

    state: TrainState
    origin: Origin

    def write(self, run: RunFolder) -> None:
        """Writes origin and first checkpoint into a run folder that has no checkpoint."""
        self.origin.write(run.origin_file)
        with run.open_checkpoints() as checkpoints:
            checkpoints.save(SavedState.of(self.state), step=0)


def plan_run(config: ExperimentConfig, initial: InitialWeights) -> NewRun:
    """Returns a run that begins from weights, as far as they fit.

    Args:
        config: The run's own, with the categories of its data.
        initial: What is taken of them and what is not says `origin.taken`, one line.

    Raises:
        InputError: Nothing fits.
    """
    fresh = parallel.run_once(lambda: _fresh(config))
    drawn = jax.device_get({"params": fresh.params, "batch_stats": fresh.batch_stats})
    begun = begin(initial, config, drawn)
    source = f"{initial.name} ({initial.weights.source})"
    origin = Origin(source, begun.num_batches_tracked, initial.name, begun.line)
    return NewRun(_begin_with(fresh, begun.variables), origin)


def _begin_with(fresh: TrainState, variables: dict[str, PyTree]) -> TrainState:
    return dataclasses.replace(
        fresh,
        params=variables["params"],
        batch_stats=variables["batch_stats"],
        averaged=None if fresh.averaged is None else variables,
    )


def _fresh(config: ExperimentConfig) -> TrainState:
    # Only the structure matters here: any schedule gives the same optimizer state.
    schedule = make_schedule(config.optimizer, steps_per_epoch=1, num_steps=2)
    return fresh_state(make_model(config.model), make_optimizer(config.optimizer, schedule), config)
