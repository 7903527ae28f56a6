"""Writes to devices, pipes, terminals and open descriptors, which are never replaced."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from gimefive_jax.errors import InputError


def is_stream(path: Path) -> bool:
    """Tells whether `path` is a device, a pipe, a terminal or an open descriptor.

    Such a thing is written to and never replaced by a file.

    Args:
      path: Where something is to be written; need not exist.

    Returns:
      True for character devices, pipes, sockets, and names of open descriptors such as
      `/dev/stdout`, also where those are regular files.

    Raises:
      InputError: `path` is a disk.
    """
    if _descriptor(path) is not None:
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    if stat.S_ISBLK(mode):
        raise InputError(f"{path} is a disk, which is not written to; name a file")
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def is_descriptor(path: Path) -> bool:
    """Tells whether `path` is the name of an open descriptor, such as `/dev/stdin`."""
    return _descriptor(path) is not None


def open_stream(path: Path) -> BinaryIO:
    """Opens a device, a pipe or a descriptor for writing.

    Args:
      path: For which `is_stream` is true. A pipe that nobody reads blocks until somebody does.

    Returns:
      The open file; closing it leaves the process's own descriptors open.

    Raises:
      OSError: The system refuses, or the descriptor is closed.
    """
    number = _descriptor(path)
    # Opened anew, a descriptor of a file would begin at its first byte again.
    return path.open("wb") if number is None else open(os.dup(number), "wb")


def _descriptor(path: Path) -> int | None:
    """Number of the open descriptor that `path` stands for, as `/dev/stdout` does."""
    ours = (f"/proc/{os.getpid()}/fd", "/dev/fd")
    # No chain of links is longer than the system allows.
    for _ in range(40):
        if path.name.isdecimal() and os.path.realpath(path.parent) in ours:
            return int(path.name)
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return None
