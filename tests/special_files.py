"""Devices and pipes of the tests' own making; the machine's are never written to."""

import contextlib
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest


def make_device(path: Path, *, minor: int) -> Path:
    """Character device of Linux's memory group: 3 swallows everything, 7 is always full."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, minor))
        path.open("wb").close()
    except PermissionError:
        pytest.skip("making a device needs root and a disk that allows it")
    return path


@contextlib.contextmanager
def open_pipe(path: Path) -> Iterator[None]:
    """A named pipe that is open at both ends during the block, so that nobody waits at it."""
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDWR)
    try:
        yield
    finally:
        os.close(descriptor)


class PipeReader:
    """A named pipe, and what comes out of it."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._parts = list[bytes]()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def content(self) -> bytes:
        """All that was written until the writer closed the pipe."""
        self._thread.join(timeout=60)
        assert not self._thread.is_alive(), "nobody wrote to the pipe"
        return self._parts[0]

    def _read(self) -> None:
        self._parts.append(self.path.read_bytes())
