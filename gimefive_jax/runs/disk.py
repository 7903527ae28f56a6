"""Whether a disk takes a checkpoint, and why it did not."""

import errno
import os
import shutil
from pathlib import Path

import jax
import numpy as np
from jaxtyping import PyTree

from gimefive_jax.errors import InputError

# A checkpoint takes about the state's size; metadata and the file system want some more.
_SPACE_MARGIN = 64 * 1024


def check_space(folder: Path, state: PyTree) -> None:
    """Checks that a state fits on the disk.

    Args:
      folder: Where it is to be written.
      state: Numpy arrays.

    Raises:
      InputError: There is too little space.
    """
    # Asked beforehand, because a disk that fills up inside Orbax leaves its threads in disorder.
    needed = sum(np.asarray(leaf).nbytes for leaf in jax.tree.leaves(state)) + _SPACE_MARGIN
    free = shutil.disk_usage(folder).free
    if free < needed:
        reason = f"{os.strerror(errno.ENOSPC)}, {needed >> 10} KiB needed and {free >> 10} KiB free"
        raise InputError(
            f"cannot save a checkpoint in {folder}: {reason}; free some space, and the same "
            "command goes on from the last checkpoint"
        )


def reason(error: BaseException) -> str:
    """Finds the system's own words in an error that a library wraps into many of its own."""
    text = str(error)
    for known in ("No space left on device", "Permission denied", "Read-only file system"):
        if known in text:
            return known
    return " ".join(text.split())[:200] or type(error).__name__
