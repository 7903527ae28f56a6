"""Reads what a run folder records about its run, and what is wrong with it."""

import dataclasses
import datetime
import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

from gimefive_jax.config import ExperimentConfig
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation import read_evaluation
from gimefive_jax.runs import LogRow, RunFolder
from gimefive_jax.runs.run_folder import is_of_chosen_checkpoint
from gimefive_jax.runs.run_log import (
    TrainingState,
    best_row,
    median_speed,
    minutes,
    num_epochs,
    training_state,
)

RunState = TrainingState | Literal["damaged"]
# Copying a run folder gives its files new times, in any order; that is no sign of more training.
_SAME_TIME = 60.0
Read = TypeVar("Read")


@dataclasses.dataclass(frozen=True)
class RunSummary:
    """What a run folder says about its run; what it cannot say stands in `problems`."""

    folder: Path
    config: ExperimentConfig | None
    """None where it cannot be read."""
    rows: tuple[LogRow, ...]
    test_accuracies: dict[str, float]
    """Of the best checkpoint, by split of the data set that the run was trained on."""
    data_sha256: dict[str, str]
    """Of the images that the run was trained and validated on, by split."""
    last_change: datetime.datetime | None
    state: RunState
    problems: tuple[str, ...] = ()

    @property
    def epochs(self) -> int:
        """Complete passes over the train split."""
        return num_epochs(self.rows)

    @property
    def best(self) -> LogRow | None:
        """First row with the best validation accuracy."""
        return best_row(self.rows)

    @property
    def images_per_second(self) -> float | None:
        """Median over the epochs."""
        return median_speed(self.rows)

    @property
    def minutes(self) -> float | None:
        """Time in training steps, by the log's speeds, without evaluation and compilation."""
        if self.config is None:
            return None
        return minutes(self.rows, batch_size=self.config.training.batch_size)


def read_run(run: RunFolder) -> RunSummary:
    """Sums up a run folder; never raises for a damaged one.

    Args:
      run: The folder.

    Returns:
      What could be read, with a line for each problem.
    """
    problems: list[str] = []

    def attempt(read: Callable[[], Read], otherwise: Read) -> Read:
        try:
            return read()
        except InputError as error:
            problems.append(str(error))
        except OSError as error:
            problems.append(f"cannot read {error.filename or run.path}: {error.strerror}")
        except (ValueError, KeyError, TypeError) as error:
            problems.append(f"{run.path} holds a damaged file ({type(error).__name__}: {error})")
        return otherwise

    config = attempt(run.read_config, None)
    rows: tuple[LogRow, ...] = attempt(lambda: _read_log(run), tuple[LogRow]())
    is_damaged = bool(problems)
    environment = attempt(run.read_environment, None)
    accuracies: dict[str, float] = {}
    if config is not None:
        for path in attempt(run.evaluation_files, list[Path]()):
            read = functools.partial(_read_accuracy, path, config)
            accuracies |= attempt(read, dict[str, float]())
        attempt(lambda: _check_age(run), None)
    if config is not None and rows and not attempt(lambda: run.has_checkpoint, True):
        problems.append(f"{run.path} holds no checkpoint: its log can be read, its model not")
    return RunSummary(
        folder=run.path,
        config=config,
        rows=rows,
        test_accuracies=accuracies,
        data_sha256={} if environment is None else dict(environment.data_sha256),
        last_change=attempt(run.last_change, None),
        state="damaged" if is_damaged or config is None else training_state(rows, config.training),
        problems=tuple(problems),
    )


def _read_log(run: RunFolder) -> tuple[LogRow, ...]:
    rows = tuple(run.read_log())
    for row in rows:
        if not all(map(math.isfinite, dataclasses.astuple(row))) or row.images_per_second <= 0:
            raise InputError(f"{run.log_file} is damaged: step {row.step} has no usable numbers")
    return rows


def _read_accuracy(path: Path, config: ExperimentConfig) -> dict[str, float]:
    """Returns the accuracy by split, of the views that the run was validated on.

    It is empty for another data set, and for a chosen checkpoint.
    """
    found = read_evaluation(path)
    trained_on = str(config.data.data_name)
    if found.data != trained_on or is_of_chosen_checkpoint(path.parent):
        return {}
    if found.flip != config.evaluation.flip:
        return {}
    return {found.split: found.accuracy}


def _check_age(run: RunFolder) -> None:
    """Raise InputError if an evaluation is older than what was trained since."""
    if not run.log_file.is_file():
        return
    for path in run.evaluation_files():
        if run.log_file.stat().st_mtime - path.stat().st_mtime > _SAME_TIME:
            raise InputError(
                f"{path} is older than the last epoch: `gimefive evaluate` measures the run anew"
            )
