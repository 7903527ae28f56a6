"""Trains the trials of a sweep one after the other, into one table."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import jax

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


@dataclasses.dataclass(frozen=True)
class SweepResult:
    """How a call of `sweep` ended."""

    ending: Literal["done", "interrupted", "terminated"]
    tables: SweepTables
    failed: tuple[str, ...]
    """Names of the trials that failed."""
    out_of_time: tuple[str, ...]
    """Names of the trials that the next call goes on with."""


def sweep(config: SweepConfig, out: Path, *, say: Say, progress: bool = True) -> SweepResult:
    """Train all trials into `out`; what lies there is kept, gone on with, or added to.

    `say` gets a line before and after each trial. A trial that fails by an InputError is recorded,
    and tried again at the next call. Raises InputError if `out` holds another sweep, or if data is
    missing.
    """
    trials = plan_trials(config)
    check_same_plan(trials, out)
    _check_data(trials)
    with files.only_one(out, doing="swept"):
        write_plan(config, trials, out)
        outcomes = read_outcomes(out)
        write_results(out, config, trials, outcomes)
        for i, trial in enumerate(trials):
            if _has_ended(out, trial, outcomes):
                continue
            say(f"trial {i + 1} of {len(trials)}: {trial.name}")
            outcome = _train(trial, out, progress=progress)
            outcomes[trial.name] = outcome
            tables = write_results(out, config, trials, outcomes)
            say(_line(outcome, out, trial))
            if outcome.state in ("interrupted", "terminated"):
                return _result(outcome.state, trials, outcomes, tables)
            # Its programs will not run again; a long sweep would gather them all.
            jax.clear_caches()
        tables = write_results(out, config, trials, outcomes)
    return _result("done", trials, outcomes, tables)


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


def _train(trial: Trial, out: Path, *, progress: bool) -> Outcome:
    try:
        return Outcome(train(trial.config, trial_run(out, trial).path, progress=progress).ending)
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
    ending: Literal["done", "interrupted", "terminated"],
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
