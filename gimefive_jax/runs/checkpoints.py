"""The checkpoints of a run: written, read, kept and deleted."""

import contextlib
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

import jax
from jaxtyping import PyTree

from gimefive_jax.errors import InputError
from gimefive_jax.runs.checksums import (
    CheckpointRecord,
    check_files,
    digest,
    has_file_checksums,
    read_record,
    write_file_checksums,
)
from gimefive_jax.runs.disk import check_space, reason
from gimefive_jax.runs.state_files import (
    STATE,
    make_checkpointer,
    quiet_orbax,
    read_variables,
    restore_arguments,
    save_arguments,
    stored_digest,
)

# The newest one, and one before it: damage to the newest then costs a few steps, not the run.
_NUM_LATEST = 2
# Endings of a checkpoint that is not whole yet, and of one that another of its step, or none, is
# taking the place of.
_SAVING, _REPLACED, _DISCARDED = ".saving", ".replaced", ".discarded"


class Checkpoints:
    """The two latest states of a run, and the best; a context manager.

    Orbax writes and reads single folders. Which of them are kept is decided here, because Orbax's
    manager deletes in place, file by file, and refuses all checkpoints where the metrics of one are
    damaged.

    Args:
      folder: The folder that holds a folder for each checkpoint.
      read_only: Write nothing, and leave what a killed process left behind as it is.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        # Orbax wants absolute paths.
        self._folder = folder.absolute()
        self._read_only = read_only
        if not read_only:
            self._folder.mkdir(parents=True, exist_ok=True)
            _tidy_up(self._folder)
        self._records: dict[int, CheckpointRecord] = {}
        self._damaged: dict[int, InputError] = {}
        for path in self._folder.iterdir():
            if path.name.isdecimal():
                try:
                    self._records[int(path.name)] = read_record(path)
                except InputError as error:
                    self._damaged[int(path.name)] = error
        with quiet_orbax():
            self._checkpointer = make_checkpointer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with quiet_orbax():
            self._checkpointer.close()
        if not self._read_only:
            _tidy_up(self._folder)

    @property
    def steps(self) -> list[int]:
        """Steps that are on disk, the oldest first."""
        return sorted([*self._records, *self._damaged])

    @property
    def best_step(self) -> int | None:
        """Step with the best validation accuracy; the latest one while none was evaluated.

        Raises:
          InputError: The accuracy of one is damaged, so that it may be the best.
        """
        if self._damaged:
            error, *_ = self._damaged.values()
            raise InputError(f"{error}; remove that folder, or name the checkpoint to use")
        return self._best_undamaged

    def save(self, state: PyTree, *, step: int, accuracy: float | None = None) -> None:
        """Writes a checkpoint, whole or not at all, and deletes those that are no longer kept.

        Args:
          state: The state. A step that is there already is written again only with an accuracy.
          step: Its step, which names the folder.
          accuracy: Its validation accuracy; the best one is kept. None where it was not evaluated.

        Raises:
          InputError: It cannot be written, for instance because the disk is full.
        """
        if step in self.steps and accuracy is None:
            return
        host_state = jax.device_get(state)
        check_space(self._folder, host_state)
        record = CheckpointRecord(digest(host_state), None if accuracy is None else float(accuracy))
        path = self._folder / str(step)
        try:
            with quiet_orbax():
                self._checkpointer.save(
                    path.with_suffix(_SAVING), args=save_arguments(host_state, record), force=True
                )
        except (ValueError, RuntimeError) as error:
            _tidy_up(self._folder)
            # tensorstore wraps the system's error into its own text.
            raise InputError(
                f"cannot save step {step} in {self._folder}: {reason(error)}; mend that, and the "
                "same command goes on from the last checkpoint"
            ) from error
        write_file_checksums(path.with_suffix(_SAVING))
        if path.exists():
            # The same step, now with its evaluation.
            os.rename(path, path.with_suffix(_REPLACED))
        os.rename(path.with_suffix(_SAVING), path)
        self._damaged.pop(step, None)
        self._records[step] = record
        for old in set(self.steps[:-_NUM_LATEST]) - {self._best_undamaged}:
            self._discard(old)
        _tidy_up(self._folder)

    def restore(self, like: PyTree, *, step: int) -> PyTree:
        """Reads a whole state.

        Args:
          like: A state of the same structure, or its shapes, with the shardings that are wanted.
          step: Step of the checkpoint.

        Returns:
          The state, with shapes, types and shardings of `like`.

        Raises:
          InputError: The checkpoint is damaged, or holds another structure.
        """
        path = self._folder / str(step)
        record = read_record(path)
        check_files(path)
        with _reading(path):
            state = self._checkpointer.restore(path, args=restore_arguments(like))[STATE]
        if record.sha256 != digest(jax.device_get(state)):
            raise InputError(f"checkpoint {path} is damaged: its sha256 does not match")
        return state

    def restore_variables(
        self, like: Mapping[str, PyTree], *, step: int, averaged: bool = True
    ) -> dict[str, PyTree]:
        """Reads the variables that are evaluated, and nothing else of the state.

        Args:
          like: Shapes of the model's variables, by collection.
          step: Step of the checkpoint.
          averaged: Whether the averaged ones are read where the run keeps averages.

        Returns:
          `params` and `batch_stats` as numpy arrays.

        Raises:
          InputError: The checkpoint is damaged, or holds variables of other shapes.
        """
        path = self._folder / str(step)
        record = read_record(path)
        check_files(path)
        with _reading(path):
            # Without checksums of the files only that of the whole state can tell damage.
            is_damaged = not has_file_checksums(path) and record.sha256 != stored_digest(path)
            variables = read_variables(path, like, averaged=averaged)
        if is_damaged:
            raise InputError(f"checkpoint {path} is damaged: its sha256 does not match")
        return variables

    def restore_latest(self, like: PyTree) -> PyTree | None:
        """Reads the newest readable state; warns about damaged ones and deletes them.

        Args:
          like: A state of the same structure, or its shapes, with the shardings that are wanted.

        Returns:
          The state; None where there is no checkpoint.

        Raises:
          InputError: There are checkpoints, and all are damaged.
        """
        damaged, state = dict(self._damaged), None
        for step in reversed(self.steps):
            try:
                state = self.restore(like, step=step)
                break
            except InputError as error:
                damaged[step] = error
        for complaint in damaged.values():
            warnings.warn(f"{complaint}; it is not used", stacklevel=2)
        if state is None and damaged:
            raise InputError(
                f"no checkpoint in {self._folder} can be read; remove the folder to start again"
            )
        # Newer ones would stand in the way of saving these steps again.
        for step in damaged:
            self._discard(step)
        return state

    @property
    def _best_undamaged(self) -> int | None:
        return max(self._records, key=lambda step: (*self._records[step].rank, step), default=None)

    def _discard(self, step: int) -> None:
        path = self._folder / str(step)
        # Renamed first, so that a kill cannot leave half a checkpoint under its name.
        os.rename(path, path.with_suffix(_DISCARDED))
        shutil.rmtree(path.with_suffix(_DISCARDED), ignore_errors=True)
        self._records.pop(step, None)
        self._damaged.pop(step, None)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Raises what a damaged checkpoint lets Orbax raise as one line."""
    try:
        with quiet_orbax():
            yield
    # Orbax and tensorstore raise a dozen unrelated types for a damaged file.
    except Exception as error:
        raise InputError(f"checkpoint {path} cannot be read: {reason(error)}") from error


def _tidy_up(folder: Path) -> None:
    """Take back or finish what was being done to checkpoints when a process ended."""
    for path in folder.glob(f"[0-9]*{_REPLACED}"):
        if not path.with_suffix("").exists():
            os.rename(path, path.with_suffix(""))
    for ending in (_SAVING, _REPLACED, _DISCARDED, ".orbax-checkpoint-tmp"):
        for path in folder.glob(f"[0-9]*{ending}*"):
            shutil.rmtree(path, ignore_errors=True)
