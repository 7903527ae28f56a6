"""Files and folders that appear whole or not at all."""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from gimefive_jax.errors import InputError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Temporary path beside `path` that takes its place when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear_up_after_the_dead(path)
    # A name of our own, not tempfile's 0600 file: the result keeps the user's usual permissions.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield temporary
        _flush(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Temporary folder beside `path` that takes its place when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear_up_after_the_dead(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        yield temporary
        if path.is_dir():
            # Folders cannot be exchanged in one step: the old one steps aside, and back if need be.
            aside = temporary.with_suffix(".old")
            os.rename(path, aside)
            try:
                os.rename(temporary, path)
            except OSError:
                os.rename(aside, path)
                raise
            shutil.rmtree(aside)
        else:
            os.rename(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


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


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` in one step."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Mapping[str, object]) -> None:
    """Write `value` as indented JSON in one step; NaN is refused, so any reader can parse it."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def check_replaceable(folder: Path, *, marker: str) -> None:
    """Raise InputError unless `folder` is free, empty, or holds earlier results with a `marker`.

    What is in the way of results is replaced whole, so it must be nothing else.
    """
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or not folder.is_dir():
        raise InputError(f"{folder} is in the way of the results; name another folder with --out")
    names = {path.name for path in folder.iterdir()}
    if names and (marker not in names or "config.json" in names):
        raise InputError(
            f"{folder} holds other files, which the results would replace; "
            "name a new folder with --out"
        )


def _clear_up_after_the_dead(path: Path) -> None:
    """Put back or remove what a killed process left beside `path`."""
    for kind in ("old", "partial"):
        for leftover in path.parent.glob(f".{path.name}.*.{kind}"):
            process = leftover.name.split(".")[-2]
            if process.isdecimal() and _is_alive(int(process)):
                continue
            if kind == "old" and not path.exists():
                os.rename(leftover, path)
            elif leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
