"""Locks on folders: one process at a time."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from gimefive_jax.errors import InputError


@contextlib.contextmanager
def only_one(folder: Path, *, doing: str) -> Iterator[None]:
    """Runs the block unless another process is in it for the same folder.

    The lock is the system's, on the folder itself: it ends with the process, however that ends.

    Args:
      folder: What the block works on; made where it is missing.
      doing: What the block does with it, such as `trained`, for the message.

    Yields:
      Nothing.

    Raises:
      InputError: Another process is in the block.
    """
    descriptor = _open(folder)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            while not _is_still(folder, descriptor):
                # Whoever held it has removed or renamed the folder in the meantime.
                os.close(descriptor)
                descriptor = _open(folder)
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"{folder} is being {doing} by another process; wait until it ends"
            ) from error
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def in_turn(folder: Path) -> Iterator[None]:
    """The block, once no other process is in it for `folder`: one after the other.

    Args:
      folder: Made if it is not there; the system's lock lies on the folder itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    return os.open(folder, os.O_RDONLY)


def _is_still(folder: Path, descriptor: int) -> bool:
    """Whether the open folder lies at its path yet."""
    try:
        return os.path.samestat(folder.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
