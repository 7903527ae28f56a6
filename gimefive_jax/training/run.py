"""The moving parts of one call of `train`: steps, evaluations, saves, and when it stops."""

import dataclasses
import math
import time
from pathlib import Path
from typing import Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from tqdm import tqdm

from gimefive_jax import parallel
from gimefive_jax.checkpoint import Checkpoints
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.data import Feed, Split
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation.evaluate import make_predict_step, predict_split
from gimefive_jax.evaluation.metrics import Metrics, measure
from gimefive_jax.evaluation.reference import reference_evaluation
from gimefive_jax.structs import LoopState, Tally, TrainState
from gimefive_jax.training.curves import plot_curves
from gimefive_jax.training.interrupts import Interrupts
from gimefive_jax.training.optimizer import make_optimizer, make_schedule
from gimefive_jax.training.progress import progress_bar
from gimefive_jax.training.run_log import LogRow, RunLog
from gimefive_jax.training.step import evaluated_variables, init_state, make_train_step

Ending = Literal["finished", "stopped early", "out of time", "interrupted", "terminated"]
# Steps in flight before the host waits: enough to keep a device busy, few enough to stop soon.
_STEPS_AHEAD = 8


class Run:
    """The moving parts of one call of `train`."""

    def __init__(
        self,
        config: ExperimentConfig,
        model: nn.Module,
        folder: Path,
        mesh: Mesh,
        feed: Feed,
        validation_split: Split,
        checkpoints: Checkpoints,
        *,
        steps_per_epoch: float,
    ) -> None:
        self.config, self.folder, self.mesh = config, folder, mesh
        self.feed, self.validation_split = feed, validation_split
        self.checkpoints = checkpoints
        self.steps_per_epoch = steps_per_epoch
        self.num_steps = self.last_step(config.training.num_epochs)
        self.schedule = make_schedule(
            config.optimizer, steps_per_epoch=self.steps_per_epoch, num_steps=self.num_steps
        )
        optimizer = make_optimizer(config.optimizer, self.schedule)
        self.train_step = make_train_step(model, optimizer, config, mesh)
        self.predict_step = make_predict_step(model, mesh)
        fresh = parallel.put_replicated(init_state(model, optimizer, config), mesh)
        restored: TrainState | None = checkpoints.restore_latest(fresh)
        self.state = fresh if restored is None else restored
        self.step = int(self.state.step)
        self.log = RunLog(folder, step=self.step)
        self.saved_at = time.monotonic()
        # A run folder from weights: training may make them worse.
        self.begins_with_weights = (
            restored is not None and not self.step and float(self.state.loop.best_accuracy) < 0
        )

    def last_step(self, epoch: int) -> int:
        """Number of steps after which `epoch` passes are complete."""
        return math.ceil(epoch * self.steps_per_epoch)

    def go(self, asked: Interrupts, *, progress: bool) -> Ending:
        """Train until something ends it."""
        minutes = self.config.training.max_minutes
        deadline = time.monotonic() + minutes * 60 if minutes else math.inf
        if self.begins_with_weights:
            self.enter_start()
        with progress_bar(
            self.step, self.num_steps, self.config.training.batch_size, progress
        ) as bar:
            while self.step < self.num_steps and not bool(self.state.loop.stopped):
                epoch = math.floor(self.step / self.steps_per_epoch) + 1
                while self.last_step(epoch) <= self.step:
                    epoch += 1
                started, first = time.monotonic(), self.step
                while self.step < self.last_step(epoch):
                    if asked.ending or time.monotonic() >= deadline:
                        self.save()
                        return asked.ending or "out of time"
                    self.advance(self.last_step(epoch), bar)
                seconds = time.monotonic() - started
                faces = (self.step - first) * self.config.training.batch_size
                self.end_epoch(epoch, faces / seconds, bar)
        return "stopped early" if bool(self.state.loop.stopped) else "finished"

    def advance(self, boundary: int, bar: tqdm) -> None:
        """Take a few steps, wait for them, save if it is time."""
        target = min(boundary, self.step + _STEPS_AHEAD)
        faces = (target - self.step) * self.config.training.batch_size
        while self.step < target:
            self.state = self.train_step(self.state, self.feed.batch(self.step))
            self.step += 1
        jax.block_until_ready(self.state.step)
        bar.update(faces)
        # Not at the end of an epoch: a run restored there would miss the epoch's evaluation.
        due = time.monotonic() - self.saved_at > self.config.training.save_every_minutes * 60
        if due and self.step < boundary:
            self.save()

    def end_epoch(self, epoch: int, images_per_second: float, bar: tqdm) -> None:
        """Evaluate, write the log's row and curves, then save; in this order, so that a crash
        between them leaves at most a row that the resumed run writes again."""
        row = self.evaluate(epoch, images_per_second)
        bar.set_postfix_str(
            f"epoch {epoch}, loss {row.train_loss:.3f}, "
            f"validation {row.validation_accuracy:.1%}, best {self.best(row):.1%}"
        )
        self.state = dataclasses.replace(
            self.state,
            tally=parallel.put_replicated(Tally.zero(), self.mesh),
            loop=parallel.put_replicated(self.next_loop(row.validation_accuracy), self.mesh),
        )
        self.log.append(row)
        plot_curves(self.log.rows, self.folder / "curves.png")
        self.save(accuracy=row.validation_accuracy)

    def evaluate(self, epoch: int, images_per_second: float) -> LogRow:
        """Training sums since the last epoch, and the validation split."""
        tally = jax.device_get(self.state.tally)
        loss, count = float(tally.loss), int(tally.count)
        if not math.isfinite(loss):
            raise InputError(
                f"the training loss is {loss} in epoch {epoch}; lower optimizer.learning_rate "
                f"(the last good checkpoint stays in {self.folder})"
            )
        metrics, split = self.validate(), self.validation_split
        return LogRow(
            step=self.step,
            epoch=self.step / self.steps_per_epoch,
            learning_rate=float(self.schedule(self.step - 1)),
            train_loss=loss / count,
            train_accuracy=int(tally.correct) / count,
            validation_loss=metrics.loss / len(split),
            validation_accuracy=int(np.trace(metrics.confusion)) / len(split),
            images_per_second=images_per_second,
        )

    def validate(self) -> Metrics:
        """Sums over the validation split."""
        reference = reference_evaluation(self.config)
        logits = predict_split(
            self.predict_step,
            evaluated_variables(self.state),
            self.validation_split,
            batch_size=self.config.evaluation.batch_size,
            mesh=self.mesh,
            reference=reference,
        )
        return measure(logits, self.validation_split.labels, reference=reference)

    def enter_start(self) -> None:
        """Measure the weights that the run begins with, and keep them while none is better."""
        accuracy = int(np.trace(self.validate().confusion)) / len(self.validation_split)
        loop = parallel.put_replicated(self.next_loop(accuracy), self.mesh)
        self.state = dataclasses.replace(self.state, loop=loop)
        self.save(accuracy=accuracy)

    def best(self, row: LogRow) -> float:
        """Best validation accuracy so far, with `row`."""
        return max(row.validation_accuracy, float(self.state.loop.best_accuracy))

    def next_loop(self, accuracy: float) -> LoopState:
        """Patience after one more evaluation."""
        loop = jax.device_get(self.state.loop)
        better = np.float32(accuracy) > loop.best_accuracy
        waited = 0 if better else int(loop.epochs_without_better) + 1
        patience = self.config.training.patience
        return LoopState(
            best_accuracy=jnp.float32(accuracy if better else loop.best_accuracy),
            epochs_without_better=jnp.int32(waited),
            stopped=jnp.array(bool(patience) and waited >= patience),
        )

    def save(self, *, accuracy: float | None = None) -> None:
        """Write the state, with its evaluation if it has one."""
        self.checkpoints.save(self.state, step=self.step, accuracy=accuracy)
        self.saved_at = time.monotonic()
