"""One epoch of training: steps in groups, then evaluation, log and checkpoint."""

import dataclasses
import time
from collections.abc import Iterator

import jax
import numpy as np
from tqdm import tqdm

from gimefive_jax import parallel
from gimefive_jax.data import Split
from gimefive_jax.evaluation.metrics import Metrics, measure
from gimefive_jax.evaluation.reference import reference_evaluation
from gimefive_jax.inference import Driver
from gimefive_jax.runs import LogRow
from gimefive_jax.structs import NEVER, LoopState, TrainMetrics, TrainState
from gimefive_jax.training.patience import after_evaluation
from gimefive_jax.training.run import Run, save, stop_at_bad_loss
from gimefive_jax.training.step import evaluated_variables
from gimefive_jax.training.stop_policy import Ending, StopPolicy

# Steps sent off at a time: enough to keep a device busy, few enough to stop soon.
_STEPS_AT_A_TIME = 8


def train_epoch(
    run: Run, state: TrainState, policy: StopPolicy, bar: tqdm
) -> tuple[TrainState, Ending | None]:
    """Trains to the end of the epoch that is under way, and evaluates and saves there.

    Args:
      run: The run.
      state: Its memory is given away.
      policy: Says between groups of steps whether to save or to end.
      bar: Counts the training images.

    Returns:
      The state after it, and why the run ends before the epoch does, if so.

    Raises:
      InputError: The loss is no number, or a checkpoint cannot be written.
    """
    first, started = int(state.step), time.monotonic()
    epoch = run.epoch_after(first)
    boundary = run.last_step(epoch)
    for step, current in step_groups(run, state, boundary=boundary, bar=bar):
        state = current
        if step >= boundary:
            # A state that was saved here would be restored without the epoch's evaluation.
            break
        action = policy.decide()
        if action.ending or (action.save and step > first):
            save(run, state)
            policy.saved()
        if action.ending:
            return state, action.ending
    images = (boundary - first) * run.config.training.batch_size
    speed = images / (time.monotonic() - started)
    state = end_epoch(run, state, epoch=epoch, images_per_second=speed, bar=bar)
    policy.saved()
    return state, None


def step_groups(
    run: Run, state: TrainState, *, boundary: int, bar: tqdm
) -> Iterator[tuple[int, TrainState]]:
    """Takes steps, a few at a time, up to the step `boundary`.

    The next steps are sent off before the results of the last ones are read, so that a device never
    waits for the host.

    Args:
      run: The run.
      state: Its memory is given away with the first steps.
      boundary: A multiple of `steps_per_dispatch`.
      bar: Counts the training images.

    Yields:
      Step and state before the first group, where who asked in the meantime need not wait for it,
      and after each; the last one is complete.
    """
    training, step = run.config.training, int(state.step)
    at_once = training.steps_per_dispatch
    waiting: TrainMetrics | None = None
    while step < boundary:
        yield step, state
        if run.profiler is not None:
            run.profiler.between_groups(state)
        begun, target = step, min(boundary, step + max(_STEPS_AT_A_TIME, at_once))
        while step < target:
            sent = run.feed.send(step)
            state, metrics = run.train_steps(state, run.feed.resident, sent)
            step += at_once
        if waiting is not None:
            _show_metrics(run, waiting, bar)
        waiting = metrics
        bar.update((step - begun) * training.batch_size)
    if waiting is not None:
        _show_metrics(run, waiting, bar)
    yield step, state


def end_epoch(
    run: Run, state: TrainState, *, epoch: int, images_per_second: float, bar: tqdm
) -> TrainState:
    """Evaluates, writes the log's row and curves, then saves.

    In this order a crash between them leaves at most a row that the resumed run writes again.

    Args:
      run: The run.
      state: After the last step of the epoch.
      epoch: Its number.
      images_per_second: Speed of its steps.
      bar: Shows the results.

    Returns:
      The state before the next epoch.
    """
    row = evaluate(run, state, images_per_second)
    best = max(row.validation_accuracy, float(state.loop.best_accuracy))
    bar.set_postfix_str(
        f"epoch {epoch}, loss {row.train_loss:.3f}, "
        f"validation {row.validation_accuracy:.1%}, best {best:.1%}"
    )
    state = dataclasses.replace(
        state,
        metrics=parallel.put_replicated(TrainMetrics.zero(), run.mesh),
        loop=_next_loop(run, state, row.validation_accuracy),
    )
    with parallel.mistakes_shared():
        if run.records is not None:
            run.records.append(row)
    save(run, state, accuracy=row.validation_accuracy)
    return state


def evaluate(run: Run, state: TrainState, images_per_second: float) -> LogRow:
    """Measures a state for the log: training since the last evaluation, and the validation split.

    Args:
      run: The run.
      state: After at least one step since the last evaluation.
      images_per_second: Speed of the steps.

    Returns:
      The row.
    """
    trained, loop = jax.device_get((state.metrics, state.loop))
    count, step = int(trained.count), int(state.step)
    validated, split = validate(run, state), run.splits.validation
    return LogRow(
        step=step,
        epoch=step / run.steps_per_epoch,
        learning_rate=float(run.schedule(step - 1)) * float(loop.rate_factor),
        train_loss=float(trained.loss) / count,
        train_accuracy=int(trained.correct) / count,
        validation_loss=validated.loss / len(split),
        validation_accuracy=_accuracy(validated, split),
        images_per_second=images_per_second,
    )


def validate(run: Run, state: TrainState) -> Metrics:
    """Measures the variables that would be kept on the validation split; returns sums."""
    config, split = run.config, run.splits.validation
    reference = reference_evaluation(config)
    driver = Driver(
        run.mesh,
        config.evaluation.batch_size,
        view=None if reference is None else reference.view,
    )
    found = driver.run(run.predict, evaluated_variables(state), split.images, index=split.index)
    return measure(np.asarray(found.logits), split.labels, reference=reference)


def evaluate_start(run: Run, state: TrainState) -> TrainState:
    """Measures the weights that a run begins with, and saves them as the best so far.

    A run from random parameters, and one that has begun, is left as it is.

    Args:
      run: The run.
      state: As it was restored.

    Returns:
      The state, which remembers the accuracy.
    """
    from_weights = run.records is not None and run.records.from_weights
    from_weights = bool(parallel.from_first(np.array(from_weights)))
    if not from_weights or int(state.step) or float(state.loop.best_accuracy) >= 0:
        return state
    accuracy = _accuracy(validate(run, state), run.splits.validation)
    state = dataclasses.replace(state, loop=_next_loop(run, state, accuracy))
    save(run, state, accuracy=accuracy)
    return state


def _next_loop(run: Run, state: TrainState, accuracy: float) -> LoopState:
    loop = after_evaluation(jax.device_get(state.loop), accuracy, run.config)
    return parallel.put_replicated(loop, run.mesh)


def _accuracy(metrics: Metrics, split: Split) -> float:
    return int(np.trace(metrics.confusion)) / len(split)


def _show_metrics(run: Run, metrics: TrainMetrics, bar: tqdm) -> None:
    """Waits for these sums and shows them; raises InputError where a loss was no number."""
    sums = jax.device_get(metrics)
    if int(sums.broken_at) != NEVER:
        stop_at_bad_loss(run, int(sums.broken_at))
    count = int(sums.count)
    bar.set_postfix_str(
        f"loss {float(sums.loss) / count:.3f}, accuracy {int(sums.correct) / count:.1%}",
        refresh=False,
    )
