"""Run folders as they lie on disk: found, read, and what is wrong with them."""

import dataclasses
import datetime
import functools
import json
import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.errors import InputError
from gimefive_jax.runs import CHECKPOINTS, CONFIG
from gimefive_jax.training.environment import ENVIRONMENT
from gimefive_jax.training.run_log import LogRow, read_rows

RunState = Literal["finished", "stopped early", "unfinished", "damaged"]
_LOG = "metrics.csv"
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
    """Of the faces that the run was trained and validated on, by split."""
    last_change: datetime.datetime | None
    state: RunState
    problems: tuple[str, ...] = ()

    @property
    def epochs(self) -> int:
        """Complete passes over the train split."""
        return _epochs(self.rows)

    @property
    def best(self) -> LogRow | None:
        """First row with the best validation accuracy."""
        return _best(self.rows)

    @property
    def images_per_second(self) -> float | None:
        """Median over the epochs."""
        return statistics.median(row.images_per_second for row in self.rows) if self.rows else None

    @property
    def minutes(self) -> float | None:
        """Time in training steps, by the log's speeds; neither evaluation nor compilation."""
        if not self.rows or self.config is None:
            return None
        steps = np.diff([0, *(row.step for row in self.rows)])
        speeds = np.array([row.images_per_second for row in self.rows])
        return float((steps * self.config.training.batch_size / speeds).sum() / 60)


def find_runs(folders: Sequence[Path]) -> list[Path]:
    """Run folders among and below `folders`, each once, by name; raises InputError for a folder
    that is not there. What cannot be opened is in the list, so that it can be named."""
    found: dict[Path, Path] = {}
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"no folder {folder}; name folders that hold runs")
        for run in _find_below(folder):
            found.setdefault(run.resolve(), run)
    return list(found.values())


def read_run(folder: Path) -> RunSummary:
    """Summary of the run in `folder`; never raises for a damaged one."""
    problems: list[str] = []

    def attempt(read: Callable[[], Read], otherwise: Read) -> Read:
        try:
            return read()
        except InputError as error:
            problems.append(str(error))
        except OSError as error:
            problems.append(f"cannot read {error.filename or folder}: {error.strerror}")
        except (ValueError, KeyError, TypeError) as error:
            problems.append(f"{folder} holds a damaged file ({type(error).__name__}: {error})")
        return otherwise

    config = attempt(lambda: _read_config(folder), None)
    rows: tuple[LogRow, ...] = attempt(lambda: _read_log(folder), tuple[LogRow]())
    is_damaged = bool(problems)
    data_sha256 = attempt(lambda: _read_digests(folder), dict[str, str]())
    accuracies: dict[str, float] = {}
    if config is not None:
        for path in attempt(lambda: _evaluations(folder), list[Path]()):
            read = functools.partial(_read_accuracy, path, config)
            accuracies |= attempt(read, dict[str, float]())
        attempt(lambda: _check_age(folder), None)
    if config is not None and rows and not attempt(lambda: _has_checkpoint(folder), True):
        problems.append(f"{folder} holds no checkpoint: its log can be read, its model not")
    return RunSummary(
        folder=folder,
        config=config,
        rows=rows,
        test_accuracies=accuracies,
        data_sha256=data_sha256,
        last_change=attempt(lambda: _last_change(folder), None),
        state="damaged" if is_damaged or config is None else _state(config, rows),
        problems=tuple(problems),
    )


def _find_below(folder: Path) -> Iterator[Path]:
    try:
        holds_run = _holds_run(folder)
        parts = sorted(path for path in folder.iterdir() if path.name[0] != "." and path.is_dir())
    except OSError:
        yield folder
        return
    if holds_run or (folder / CONFIG).is_file():
        yield folder
    if holds_run:
        return
    for part in parts:
        # A link may lead back up; a run behind one is found, but nothing else is looked for there.
        if not part.is_symlink():
            yield from _find_below(part)
        elif _holds_run(part):
            yield part


def _holds_run(folder: Path) -> bool:
    return (folder / _LOG).is_file() or (folder / CHECKPOINTS).is_dir()


def _read_config(folder: Path) -> ExperimentConfig:
    if not (folder / CONFIG).is_file():
        raise InputError(f"{folder} holds no {CONFIG}, which says what was trained")
    return configs.read_config(folder / CONFIG)


def _read_log(folder: Path) -> tuple[LogRow, ...]:
    rows = tuple(read_rows(folder / _LOG))
    for row in rows:
        if not all(map(math.isfinite, dataclasses.astuple(row))) or row.images_per_second <= 0:
            raise InputError(f"{folder / _LOG} is damaged: step {row.step} has no usable numbers")
    return rows


def _read_digests(folder: Path) -> dict[str, str]:
    path = folder / ENVIRONMENT
    if not path.is_file():
        return {}
    return dict(json.loads(path.read_text(encoding="utf-8"))["data_sha256"])


def _evaluations(folder: Path) -> list[Path]:
    return sorted(folder.glob("evaluation/*/metrics.json"))


def _read_accuracy(path: Path, config: ExperimentConfig) -> dict[str, float]:
    """Accuracy by split, of the views that the run was validated on; nothing for another data set,
    or for a chosen checkpoint."""
    metrics = json.loads(path.read_text(encoding="utf-8"))
    trained_on = f"{config.data.name}/{config.data.variant}"
    if metrics["data"] != trained_on or "-step-" in path.parent.name:
        return {}
    if metrics.get("flip", False) != config.evaluation.flip:
        return {}
    accuracy = float(metrics["accuracy"])
    if not 0 <= accuracy <= 1:
        raise InputError(f"{path} is damaged: its accuracy {accuracy} is no share")
    return {str(metrics["split"]): accuracy}


def _check_age(folder: Path) -> None:
    """Raise InputError if an evaluation is older than what was trained since."""
    log = folder / _LOG
    if not log.is_file():
        return
    for path in _evaluations(folder):
        if log.stat().st_mtime - path.stat().st_mtime > _SAME_TIME:
            raise InputError(
                f"{path} is older than the last epoch: `gimefive evaluate` measures the run anew"
            )


def _has_checkpoint(folder: Path) -> bool:
    return any((folder / CHECKPOINTS).glob("[0-9]*"))


def _last_change(folder: Path) -> datetime.datetime | None:
    paths = [folder / CONFIG, folder / _LOG, *(folder / CHECKPOINTS).glob("[0-9]*")]
    times = [path.stat().st_mtime for path in paths if path.exists()]
    return datetime.datetime.fromtimestamp(max(times)).astimezone() if times else None


def _state(config: ExperimentConfig, rows: tuple[LogRow, ...]) -> RunState:
    best = _best(rows)
    if best is None:
        return "unfinished"
    if _epochs(rows) >= config.training.num_epochs:
        return "finished"
    waited = len(rows) - 1 - rows.index(best)
    patience = config.training.patience
    return "stopped early" if patience and waited >= patience else "unfinished"


def _epochs(rows: Sequence[LogRow]) -> int:
    # Steps over steps per epoch: a hair under the whole number where neither divides the other.
    return math.floor(rows[-1].epoch + 1e-6) if rows else 0


def _best(rows: Sequence[LogRow]) -> LogRow | None:
    # Training compares in float32, and keeps the first of equals.
    return max(rows, key=lambda row: np.float32(row.validation_accuracy), default=None)
