"""Locks on folders: one process at a time."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from gimefive_jax.errors import InputError


@contextlib.contextmanager
def only_one(folder: Path, *, doing: str) -> Iterator[None]:
    """The block, unless another process is in it for `folder`: then InputError. Makes the folder.

    The lock is the system's, on the folder itself: it ends with the process, however that ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"{folder} is being {doing} by another process; wait until it ends"
            ) from error
        yield
    finally:
        os.close(descriptor)
