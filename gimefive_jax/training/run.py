"""One call of `train`: what stays the same in it, and the state that is restored and saved."""

import dataclasses
import functools
import math
from typing import NoReturn

import flax.linen as nn
import jax
import numpy as np
import optax
from jax.sharding import Mesh

from gimefive_jax import parallel
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.data import Feed, Split, training_index
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation.evaluate import predict_fn
from gimefive_jax.inference import FaceFunction
from gimefive_jax.structs import NEVER, Predictions, TrainState
from gimefive_jax.training.optimizer import make_optimizer, make_schedule
from gimefive_jax.training.profile import Profiler
from gimefive_jax.training.records import Records
from gimefive_jax.training.step import TrainSteps, init_state, make_train_steps, state_shardings

# How many file names of a broken batch are told.
_NAMES_TOLD = 8


@dataclasses.dataclass(frozen=True)
class Splits:
    """What is trained on, and what chooses the best checkpoint."""

    train: Split
    validation: Split


@dataclasses.dataclass(frozen=True)
class Run:
    """What stays the same during a call of `train`, on every process but for the records."""

    config: ExperimentConfig
    model: nn.Module
    mesh: Mesh
    feed: Feed
    splits: Splits
    records: Records | None = None
    """None on all processes but the first."""
    profiler: Profiler | None = None

    @property
    def steps_per_epoch(self) -> float:
        """Steps of one pass over the train split; not always a whole number."""
        return len(self.splits.train) / self.config.training.batch_size

    @property
    def num_steps(self) -> int:
        """Steps of the whole run."""
        return self.last_step(self.config.training.num_epochs)

    def last_step(self, epoch: int) -> int:
        """Number of steps after which `epoch` passes, and a call of the program, are complete."""
        at_once = self.config.training.steps_per_dispatch
        return math.ceil(math.ceil(epoch * self.steps_per_epoch) / at_once) * at_once

    def epoch_after(self, step: int) -> int:
        """Number of the epoch that is under way after `step` steps; the first one is 1."""
        epoch = math.floor(step / self.steps_per_epoch) + 1
        while self.last_step(epoch) <= step:
            epoch += 1
        return epoch

    @functools.cached_property
    def schedule(self) -> optax.Schedule:
        """Learning rate by step, without what plateaus made of it."""
        return make_schedule(
            self.config.optimizer, steps_per_epoch=self.steps_per_epoch, num_steps=self.num_steps
        )

    @functools.cached_property
    def optimizer(self) -> optax.GradientTransformation:
        """The optimizer of the config."""
        return make_optimizer(self.config.optimizer, self.schedule)

    @functools.cached_property
    def predict(self) -> FaceFunction[Predictions]:
        """Predictions as validation makes them."""
        return predict_fn(self.model, flip=self.config.evaluation.flip)

    @functools.cached_property
    def train_steps(self) -> TrainSteps:
        """The program that takes steps."""
        labels, num_classes = self.splits.train.labels, self.config.model.num_classes
        return make_train_steps(
            self.model,
            self.optimizer,
            self.config,
            self.mesh,
            class_counts=np.bincount(labels, minlength=num_classes).tolist(),
        )


def restore_or_init(run: Run) -> TrainState:
    """Reads the newest checkpoint, or draws the state before the first step.

    Args:
      run: The run; of several processes the first one alone has records to read.

    Returns:
      The state, on the devices of all processes.

    Raises:
      InputError: Every checkpoint is damaged.
    """
    fresh = init_state(run.model, run.optimizer, run.config)
    shardings = state_shardings(fresh, run.config.training, run.mesh)
    # Of several processes the first alone restores, so onto a device of its own.
    like = fresh if jax.process_count() > 1 else parallel.put(fresh, shardings)
    with parallel.mistakes_shared():
        restored = None if run.records is None else run.records.restore(like)
    state = parallel.from_first(fresh if restored is None else restored)
    return parallel.put(state, shardings)


def save(run: Run, state: TrainState, *, accuracy: float | None = None) -> None:
    """Writes a checkpoint.

    Args:
      run: The run.
      state: The state to write.
      accuracy: Its validation accuracy; None where it was not evaluated.

    Raises:
      InputError: A loss was no number, or the checkpoint cannot be written.
    """
    if (broken_at := int(state.metrics.broken_at)) != NEVER:
        stop_at_bad_loss(run, broken_at)
    on_host = parallel.fetch(state)
    with parallel.mistakes_shared():
        if run.records is not None:
            run.records.save(on_host, accuracy=accuracy)


def stop_at_bad_loss(run: Run, step: int) -> NoReturn:
    """Ends a run whose loss was NaN or infinite.

    Args:
      run: The run.
      step: The first such step.

    Raises:
      InputError: Always; it names the step, its files and the last checkpoint.
    """
    train, config = run.splits.train, run.config
    batch_size = config.training.batch_size
    index = training_index(len(train), step, batch_size=batch_size, seed=config.seed)
    names = [train.file_names[row] for row in index[:_NAMES_TOLD]]
    more = f" and {len(index) - len(names)} more" if len(index) > len(names) else ""
    kept = "" if run.records is None else f"; last good checkpoint in {run.records.latest}"
    raise InputError(
        f"the training loss is NaN or infinite at step {step} (batch: {', '.join(names)}"
        f"{more}); lower optimizer.learning_rate or set optimizer.clip_norm, in a new "
        f"--workdir{kept}"
    )
