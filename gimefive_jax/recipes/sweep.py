"""Trains the trials of a sweep one after the other, into one table."""

import dataclasses
import math
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Literal

import jax

from gimefive_jax import config as configs
from gimefive_jax import files
from gimefive_jax.config import AugmentationConfig, SweepConfig
from gimefive_jax.data import open_split
from gimefive_jax.errors import InputError
from gimefive_jax.recipes.sweep_plan import Trial, check_same_plan, plan_trials, write_plan
from gimefive_jax.recipes.sweep_results import (
    Outcome,
    Outcomes,
    SweepTables,
    read_outcomes,
    trial_run,
    write_results,
)
from gimefive_jax.runs.run_log import ENDED, best_row
from gimefive_jax.training.loop import train

Say = Callable[[str], None]
Ending = Literal["done", "out of time", "interrupted", "terminated"]
"""How a call ended: `out of time` where it had no minutes left for a trial."""


@dataclasses.dataclass(frozen=True)
class SweepResult:
    """How a call of `sweep` ended."""

    ending: Ending
    tables: SweepTables
    failed: tuple[str, ...]
    """Names of the trials that failed."""
    out_of_time: tuple[str, ...]
    """Names of the trials that the next call goes on with."""


def sweep(
    config: SweepConfig,
    out: Path,
    *,
    say: Say,
    progress: bool = True,
    max_minutes: float = math.inf,
    skip: Collection[str] = (),
) -> SweepResult:
    """Trains all trials into a folder; what lies there is kept, gone on with, or added to.

    A trial that fails by an InputError is recorded, and tried again at the next call.

    Args:
      config: What is trained.
      out: The folder: a run folder per trial, the plan and the tables.
      say: Gets a line before and after each trial.
      progress: Whether to show bars.
      max_minutes: Of training in this call, over all trials; the trial that is trained then is
        saved, and no other is begun.
      skip: Names of trials that are not trained, as runs elsewhere stand in for them.

    Returns:
      How the call ended, with the tables.

    Raises:
      InputError: `out` holds another sweep, or data is missing.
    """
    deadline = time.monotonic() + 60 * max_minutes
    trials = plan_trials(config)
    check_same_plan(trials, out)
    _check_data(trials)
    with files.only_one(out, doing="swept"):
        write_plan(config, trials, out)
        outcomes = read_outcomes(out)
        write_results(out, config, trials, outcomes)
        ending: Ending = "done"
        for i, trial in enumerate(trials):
            if trial.name in skip or _has_ended(out, trial, outcomes):
                continue
            minutes_left = (deadline - time.monotonic()) / 60
            if minutes_left <= 0:
                ending = "out of time"
                break
            say(f"trial {i + 1} of {len(trials)}: {trial.name}")
            outcome = _train(trial, out, minutes_left=minutes_left, progress=progress)
            outcomes[trial.name] = outcome
            write_results(out, config, trials, outcomes)
            say(_line(outcome, out, trial))
            if outcome.state in ("interrupted", "terminated"):
                ending = outcome.state
                break
            # Its programs will not run again; a long sweep would gather them all.
            jax.clear_caches()
        tables = write_results(out, config, trials, outcomes)
    return _result(ending, trials, outcomes, tables)


def _check_data(trials: tuple[Trial, ...]) -> None:
    """Raise InputError before anything is written, rather than once per trial."""
    for data in dict.fromkeys(
        dataclasses.replace(trial.config.data, augmentation=AugmentationConfig())
        for trial in trials
    ):
        for split in (data.train_split, data.validation_split):
            open_split(data, split)


def _has_ended(out: Path, trial: Trial, outcomes: Outcomes) -> bool:
    # Both: a log may be a checkpoint ahead after a crash, and a run folder may have been removed.
    outcome = outcomes.get(trial.name)
    if outcome is None or outcome.state not in ENDED:
        return False
    try:
        return trial_run(out, trial).training_state() in ENDED
    except InputError:
        # Damaged or gone: training it again mends that, or says what is wrong.
        return False


def _train(trial: Trial, out: Path, *, minutes_left: float, progress: bool) -> Outcome:
    config, own = trial.config, trial.config.training.max_minutes
    if minutes_left < (own or math.inf):
        config = configs.replace(config, {"training.max_minutes": minutes_left})
    try:
        return Outcome(train(config, trial_run(out, trial).path, progress=progress).ending)
    except InputError as error:
        return Outcome("failed", str(error))


def _line(outcome: Outcome, out: Path, trial: Trial) -> str:
    if outcome.state == "failed":
        return f"  failed: {outcome.reason}"
    best = best_row(trial_run(out, trial).read_log())
    if best is None:
        return f"  {outcome.state} before the first evaluation"
    return f"  {outcome.state}; best validation accuracy {best.validation_accuracy:.2%}"


def _result(
    ending: Ending,
    trials: tuple[Trial, ...],
    outcomes: Outcomes,
    tables: SweepTables,
) -> SweepResult:
    def among(state: str) -> tuple[str, ...]:
        return tuple(
            trial.name
            for trial in trials
            if (outcome := outcomes.get(trial.name)) is not None and outcome.state == state
        )

    return SweepResult(
        ending=ending, tables=tables, failed=among("failed"), out_of_time=among("out of time")
    )
