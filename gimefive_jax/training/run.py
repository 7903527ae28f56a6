"""The moving parts of one call of `train`: steps, evaluations, saves, and when it stops."""

import dataclasses
import math
import time
from collections.abc import Iterator
from typing import NoReturn

import flax.linen as nn
import jax
import numpy as np
from jax.sharding import Mesh
from tqdm import tqdm

from gimefive_jax import parallel
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.data import Feed, Split, training_index
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation.evaluate import predict_fn
from gimefive_jax.evaluation.metrics import Metrics, measure
from gimefive_jax.evaluation.reference import reference_evaluation
from gimefive_jax.inference import Driver
from gimefive_jax.runs import LogRow
from gimefive_jax.structs import NEVER, LoopState, Tally, TrainState
from gimefive_jax.training.course import Course, Ending
from gimefive_jax.training.interrupts import Interrupts
from gimefive_jax.training.optimizer import make_optimizer, make_schedule
from gimefive_jax.training.patience import after_evaluation
from gimefive_jax.training.profile import Profiler
from gimefive_jax.training.progress import progress_bar
from gimefive_jax.training.records import Records
from gimefive_jax.training.step import (
    evaluated_variables,
    init_state,
    make_train_steps,
    state_shardings,
)

# Steps sent off at a time: enough to keep a device busy, few enough to stop soon.
_STEPS_AT_A_TIME = 8
# How many file names of a broken batch are told.
_NAMES_TOLD = 8


@dataclasses.dataclass(frozen=True)
class Splits:
    """What is trained on, and what chooses the best."""

    train: Split
    validation: Split


class Run:
    """The moving parts of one call of `train`; the same on every process but for `records`."""

    def __init__(
        self,
        config: ExperimentConfig,
        model: nn.Module,
        mesh: Mesh,
        feed: Feed,
        splits: Splits,
        records: Records | None,
        profiler: Profiler | None = None,
    ) -> None:
        self.config, self.mesh, self.feed, self.splits = config, mesh, feed, splits
        self.records, self.profiler = records, profiler
        self.steps_per_epoch = len(splits.train) / config.training.batch_size
        self.num_steps = self.last_step(config.training.num_epochs)
        self.schedule = make_schedule(
            config.optimizer, steps_per_epoch=self.steps_per_epoch, num_steps=self.num_steps
        )
        optimizer = make_optimizer(config.optimizer, self.schedule)
        counts = np.bincount(splits.train.labels, minlength=config.model.num_classes).tolist()
        self.train_steps = make_train_steps(model, optimizer, config, mesh, class_counts=counts)
        self.predict = predict_fn(model, flip=config.evaluation.flip)
        fresh = init_state(model, optimizer, config)
        shardings = state_shardings(fresh, config.training, mesh)
        # Of several processes the first alone restores, so onto a device of its own.
        like = fresh if jax.process_count() > 1 else parallel.put(fresh, shardings)
        with parallel.mistakes_shared():
            restored = None if records is None else records.restore(like)
        # A run folder from weights: training may make them worse.
        weights = records is not None and restored is not None and records.from_weights
        with_weights, state = parallel.from_first(
            (np.array(weights), fresh if restored is None else restored)
        )
        self.state: TrainState = parallel.put(state, shardings)
        self.step = int(self.state.step)
        self.begins_with_weights = (
            bool(with_weights) and not self.step and float(self.state.loop.best_accuracy) < 0
        )

    def last_step(self, epoch: int) -> int:
        """Number of steps after which `epoch` passes are complete, and a call of the program."""
        at_once = self.config.training.steps_per_dispatch
        return math.ceil(math.ceil(epoch * self.steps_per_epoch) / at_once) * at_once

    def go(self, asked: Interrupts, *, progress: bool) -> Ending:
        """Train until something ends it."""
        course = Course(self.config.training, asked, self.mesh)
        if self.begins_with_weights:
            self.enter_start()
            course.saved()
        with progress_bar(
            self.step, self.num_steps, self.config.training.batch_size, progress
        ) as bar:
            while self.step < self.num_steps and not bool(self.state.loop.stopped):
                epoch = math.floor(self.step / self.steps_per_epoch) + 1
                while self.last_step(epoch) <= self.step:
                    epoch += 1
                started, first = time.monotonic(), self.step
                for _ in self.advance(self.last_step(epoch), bar):
                    decision = course.decide()
                    if decision.ending or (decision.save and self.step > first):
                        self.save()
                        course.saved()
                    if decision.ending:
                        return decision.ending
                seconds = time.monotonic() - started
                faces = (self.step - first) * self.config.training.batch_size
                self.end_epoch(epoch, faces / seconds, bar)
                course.saved()
        return "stopped early" if bool(self.state.loop.stopped) else "finished"

    def advance(self, boundary: int, bar: tqdm) -> Iterator[None]:
        """Take the steps up to `boundary`, a few at a time; before each the caller may save.

        Not at the end: a run restored there would miss the epoch's evaluation. While some are
        taken the next are sent off, so that a device never waits for the host.
        """
        at_once = self.config.training.steps_per_dispatch
        waiting: Tally | None = None
        while self.step < boundary:
            # Before the first steps too: who asked in the meantime has not to wait for them.
            yield
            if self.profiler is not None:
                self.profiler.between_groups(self.state)
            target = min(boundary, self.step + max(_STEPS_AT_A_TIME, at_once))
            faces = (target - self.step) * self.config.training.batch_size
            while self.step < target:
                sent = self.feed.send(self.step)
                self.state, tally = self.train_steps(self.state, self.feed.resident, sent)
                self.step += at_once
            if waiting is not None:
                self.watch(waiting, bar)
            waiting = tally
            bar.update(faces)
        if waiting is not None:
            self.watch(waiting, bar)

    def watch(self, tally: Tally, bar: tqdm) -> None:
        """Wait for these sums; show them, or stop where a loss was no number."""
        sums = jax.device_get(tally)
        if int(sums.broken_at) != NEVER:
            self.fail(int(sums.broken_at))
        count = int(sums.count)
        bar.set_postfix_str(
            f"loss {float(sums.loss) / count:.3f}, accuracy {int(sums.correct) / count:.1%}",
            refresh=False,
        )

    def fail(self, step: int) -> NoReturn:
        """Raise InputError for a loss that is NaN or infinite."""
        train, batch_size = self.splits.train, self.config.training.batch_size
        index = training_index(len(train), step, batch_size=batch_size, seed=self.config.seed)
        names = [train.file_names[row] for row in index[:_NAMES_TOLD]]
        more = f" and {len(index) - len(names)} more" if len(index) > len(names) else ""
        kept = "" if self.records is None else f"; last good checkpoint in {self.records.latest}"
        raise InputError(
            f"the training loss is NaN or infinite at step {step} (batch: {', '.join(names)}"
            f"{more}); lower optimizer.learning_rate or set optimizer.clip_norm, in a new "
            f"--workdir{kept}"
        )

    def end_epoch(self, epoch: int, images_per_second: float, bar: tqdm) -> None:
        """Evaluates, writes the log's row and curves, then saves.

        In this order a crash between them leaves at most a row that the resumed run writes again.
        """
        row = self.evaluate(images_per_second)
        bar.set_postfix_str(
            f"epoch {epoch}, loss {row.train_loss:.3f}, "
            f"validation {row.validation_accuracy:.1%}, best {self.best(row):.1%}"
        )
        self.state = dataclasses.replace(
            self.state,
            tally=parallel.put_replicated(Tally.zero(), self.mesh),
            loop=self.next_loop(row.validation_accuracy),
        )
        with parallel.mistakes_shared():
            if self.records is not None:
                self.records.append(row)
        self.save(accuracy=row.validation_accuracy)

    def evaluate(self, images_per_second: float) -> LogRow:
        """Training sums since the last epoch, and the validation split."""
        tally, loop = jax.device_get((self.state.tally, self.state.loop))
        count = int(tally.count)
        metrics, split = self.validate(), self.splits.validation
        return LogRow(
            step=self.step,
            epoch=self.step / self.steps_per_epoch,
            learning_rate=float(self.schedule(self.step - 1)) * float(loop.rate_factor),
            train_loss=float(tally.loss) / count,
            train_accuracy=int(tally.correct) / count,
            validation_loss=metrics.loss / len(split),
            validation_accuracy=int(np.trace(metrics.confusion)) / len(split),
            images_per_second=images_per_second,
        )

    def validate(self) -> Metrics:
        """Sums over the validation split."""
        reference, split = reference_evaluation(self.config), self.splits.validation
        driver = Driver(
            self.mesh,
            self.config.evaluation.batch_size,
            view=None if reference is None else reference.view,
        )
        found = driver.run(
            self.predict, evaluated_variables(self.state), split.images, index=split.index
        )
        return measure(np.asarray(found.logits), split.labels, reference=reference)

    def enter_start(self) -> None:
        """Measure the weights that the run begins with, and keep them while none is better."""
        accuracy = int(np.trace(self.validate().confusion)) / len(self.splits.validation)
        self.state = dataclasses.replace(self.state, loop=self.next_loop(accuracy))
        self.save(accuracy=accuracy)

    def best(self, row: LogRow) -> float:
        """Best validation accuracy so far, with `row`."""
        return max(row.validation_accuracy, float(self.state.loop.best_accuracy))

    def next_loop(self, accuracy: float) -> LoopState:
        """Loop state after one more evaluation, on the devices."""
        loop = after_evaluation(jax.device_get(self.state.loop), accuracy, self.config)
        return parallel.put_replicated(loop, self.mesh)

    def close(self) -> None:
        """End what may still be open, whatever ended the run."""
        if self.profiler is not None:
            self.profiler.close(self.state)

    def save(self, *, accuracy: float | None = None) -> None:
        """Write the state, with its evaluation if it has one; never a broken one."""
        if (broken_at := int(self.state.tally.broken_at)) != NEVER:
            self.fail(broken_at)
        state = parallel.fetch(self.state)
        with parallel.mistakes_shared():
            if self.records is not None:
                self.records.save(state, accuracy=accuracy)
