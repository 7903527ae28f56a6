"""Every way a trained model lies on disk: a run folder, or one checkpoint folder in it."""

import dataclasses
import errno
import hashlib
import logging
import math
import os
import shutil
import warnings
from pathlib import Path
from typing import Self

import jax
import numpy as np
import orbax.checkpoint as ocp
from jaxtyping import PyTree
from orbax.checkpoint.checkpoint_managers import preservation_policy

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.errors import InputError, nearest
from gimefive_jax.interop.shipped import shipped_names

CHECKPOINTS = "checkpoints"
CONFIG = "config.json"
# Orbax logs every save, and the traceback of what it raises as well; the error alone is enough.
logging.getLogger("absl").setLevel(logging.CRITICAL)
# A checkpoint takes about the state's size; metadata and the file system want some more.
_SPACE_MARGIN = 64 * 1024


@dataclasses.dataclass(frozen=True)
class RunPath:
    """What a MODEL argument points to."""

    folder: Path
    step: int | None
    """A chosen checkpoint; None means the best one."""

    @property
    def config(self) -> ExperimentConfig:
        """The run's settings."""
        return configs.read_config(self.folder / CONFIG)


def find_run(model: str | Path) -> RunPath:
    """Run folder and checkpoint behind MODEL; raises InputError if there is neither."""
    path = Path(model)
    if not path.exists():
        raise InputError(
            f"no model at {path}{nearest(str(model), shipped_names())}; give a run folder, as "
            "`gimefive train --workdir` made, a .safetensors or .pth file, or a shipped name: "
            f"{', '.join(shipped_names())}"
        )
    if path.is_dir() and path.name.isdigit() and path.parent.name == CHECKPOINTS:
        found = RunPath(path.parent.parent, int(path.name))
    elif path.is_dir() and path.name == CHECKPOINTS:
        found = RunPath(path.parent, None)
    else:
        found = RunPath(path, None)
    if not (found.folder / CONFIG).is_file():
        raise InputError(f"{path} is not a run folder: it holds no {CONFIG}")
    if not (found.folder / CHECKPOINTS).is_dir():
        raise InputError(
            f"{found.folder} holds no checkpoint yet; run `gimefive train --workdir` on it first"
        )
    return found


class Checkpoints:
    """The latest and the best state of a run; a context manager."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        # Orbax wants absolute paths.
        self._folder = folder.absolute() / CHECKPOINTS
        keep = preservation_policy.AnyPreservationPolicy(
            [
                preservation_policy.LatestN(1),
                preservation_policy.BestN(
                    get_metric_fn=_score, n=1, keep_checkpoints_without_metrics=False
                ),
            ]
        )
        options = ocp.CheckpointManagerOptions(
            preservation_policy=None if read_only else keep,
            best_fn=_score,
            best_mode="max",
            cleanup_tmp_directories=not read_only,
            enable_async_checkpointing=False,
            create=not read_only,
            read_only=read_only,
        )
        self._manager = ocp.CheckpointManager(
            self._folder, options=options, item_names=("state", "seal")
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._manager.close()

    @property
    def steps(self) -> list[int]:
        """Steps that are on disk, oldest first."""
        return sorted(self._manager.all_steps())

    @property
    def best_step(self) -> int | None:
        """Step with the best validation accuracy; the latest one while none was evaluated."""
        best = self._manager.best_step()
        return best if best is not None else self._manager.latest_step()

    def save(self, state: PyTree, *, step: int, accuracy: float | None = None) -> None:
        """Write `state` whole or not at all; `accuracy` enters it for the best."""
        if step in self.steps:
            if accuracy is None:
                return
            # The same step, now with its evaluation.
            self._manager.delete(step)
        host_state = jax.device_get(state)
        _check_space(self._folder, host_state)
        try:
            saved = self._manager.save(
                step,
                args=ocp.args.Composite(
                    state=ocp.args.StandardSave(host_state),
                    seal=ocp.args.JsonSave({"sha256": digest(host_state)}),
                ),
                metrics=None if accuracy is None else {"accuracy": float(accuracy)},
                force=True,
            )
        except (ValueError, RuntimeError) as error:
            for leftover in self._folder.glob(f"{step}.*tmp*"):
                shutil.rmtree(leftover, ignore_errors=True)
            # tensorstore wraps the system's error into its own text.
            raise InputError(
                f"cannot save step {step} in {self._folder}: {_reason(error)}; mend that, and the "
                "same command goes on from the last checkpoint"
            ) from error
        if not saved:
            raise OSError(f"Orbax refused to save step {step} in {self._folder}")

    def restore(self, like: PyTree, *, step: int) -> PyTree:
        """State of `step`, with shapes, types and shardings of `like`; checks its seal."""
        abstract = jax.tree.map(ocp.utils.to_shape_dtype_struct, like)
        try:
            found = self._manager.restore(
                step,
                args=ocp.args.Composite(
                    state=ocp.args.StandardRestore(abstract), seal=ocp.args.JsonRestore()
                ),
            )
        # Orbax and tensorstore raise a dozen unrelated types for a damaged file.
        except Exception as error:
            raise InputError(
                f"checkpoint {self._folder / str(step)} cannot be read: {_reason(error)}"
            ) from error
        if found["seal"].get("sha256") != digest(jax.device_get(found["state"])):
            raise InputError(
                f"checkpoint {self._folder / str(step)} is damaged: its sha256 does not match"
            )
        return found["state"]

    def restore_latest(self, like: PyTree) -> PyTree | None:
        """Newest readable state, or None; unreadable ones are warned about and deleted."""
        unreadable = []
        for step in reversed(self.steps):
            try:
                state = self.restore(like, step=step)
            except InputError as error:
                warnings.warn(f"{error}; trying the one before", stacklevel=2)
                unreadable.append(step)
                continue
            # Newer ones would stand in the way of saving these steps again.
            for broken in unreadable:
                self._manager.delete(broken)
            return state
        if unreadable:
            raise InputError(
                f"no checkpoint in {self._folder} can be read; remove the folder to start again"
            )
        return None


def digest(tree: PyTree) -> str:
    """sha256 over names, types, shapes and bytes of all leaves."""
    hashed = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        array = np.ascontiguousarray(leaf)
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        hashed.update(f"{name} {array.dtype} {np.shape(leaf)} ".encode())
        hashed.update(array.tobytes())
    return hashed.hexdigest()


def _check_space(folder: Path, state: PyTree) -> None:
    # Asked beforehand, because a disk that fills up inside Orbax leaves its threads in disorder.
    needed = sum(np.asarray(leaf).nbytes for leaf in jax.tree.leaves(state)) + _SPACE_MARGIN
    free = shutil.disk_usage(folder).free
    if free < needed:
        reason = f"{os.strerror(errno.ENOSPC)}, {needed >> 10} KiB needed and {free >> 10} KiB free"
        raise InputError(
            f"cannot save a checkpoint in {folder}: {reason}; free some space, and the same "
            "command goes on from the last checkpoint"
        )


def _score(metrics: dict[str, float]) -> float:
    accuracy = metrics["accuracy"]
    # NaN compares as neither better nor worse, and has cost people their best checkpoint.
    return -math.inf if math.isnan(accuracy) else accuracy


def _reason(error: BaseException) -> str:
    text = str(error)
    for known in ("No space left on device", "Permission denied", "Read-only file system"):
        if known in text:
            return known
    return " ".join(text.split())[:200] or type(error).__name__
