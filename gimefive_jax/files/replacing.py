"""Files and folders that appear whole or not at all; devices and pipes are written as they are."""

import contextlib
import errno
import glob
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

from gimefive_jax.errors import InputError
from gimefive_jax.files.streams import is_stream, open_stream

# Of a write that finds no room; the system's error then names no file.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary path whose content is at `path` once the block ends without an error.

    A link is followed: the temporary file lies beside the link's target, and the link stays. A
    device, a pipe or an open descriptor such as `/dev/stdout` is never replaced; what the block
    wrote is copied into it.

    Args:
      path: File to write. Its folder is made where it is missing.

    Yields:
      Path of a regular file that the block has to write.

    Raises:
      InputError: `path` is a folder, a disk, or a link that leads to itself.
      OSError: The system refuses; the error names `path`, never the temporary file.
    """
    if is_stream(path):
        with tempfile.TemporaryDirectory() as folder, naming(path, Path(folder) / path.name):
            yield Path(folder) / path.name
            with (Path(folder) / path.name).open("rb") as written, open_stream(path) as stream:
                shutil.copyfileobj(written, stream)
        return
    target = link_target(path)
    if target.is_dir():
        raise InputError(f"{path} is a folder; name a file")
    temporary = free_path_beside(target)
    try:
        with naming(path, temporary):
            yield temporary
            if target.exists():
                # A file that only its owner may read stays one.
                shutil.copymode(target, temporary)
            _flush(temporary)
            os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_text(path: Path, *, errors: str = "strict") -> Iterator[TextIO]:
    """Yields a UTF-8 text file whose content is at `path` once the block ends without an error.

    As `replacing`, but what is written to a device, a pipe or an open descriptor goes there at
    once, so that who reads it need not wait for the end. Line ends are written as they are.

    Args:
      path: File to write. Its folder is made where it is missing.
      errors: What becomes of characters that are no Unicode, as in `open`.

    Yields:
      The open file.

    Raises:
      InputError: As in `replacing`.
      OSError: As in `replacing`.
    """
    if is_stream(path):
        with (
            naming(path, path),
            io.TextIOWrapper(
                open_stream(path), encoding="utf-8", errors=errors, newline=""
            ) as file,
        ):
            yield file
        return
    with (
        replacing(path) as temporary,
        temporary.open("w", encoding="utf-8", errors=errors, newline="") as file,
    ):
        yield file


def write_text(path: Path, text: str) -> None:
    """Writes a text in one step.

    Args:
      path: File, device or pipe; see `replacing_text`.
      text: The whole content, written as UTF-8.
    """
    with replacing_text(path) as file:
        file.write(text)


def write_json(path: Path, value: Mapping[str, object]) -> None:
    """Writes indented JSON in one step.

    Args:
      path: File, device or pipe; see `replacing_text`.
      value: The whole content.

    Raises:
      ValueError: A number is NaN or infinite, which not every reader of JSON can parse.
    """
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def link_target(path: Path) -> Path:
    """What `path` leads to, through any number of links; it need not exist."""
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise InputError(f"{path} is a link that leads to itself; remove it or name another path")
    return target


@contextlib.contextmanager
def naming(path: Path, temporary: Path) -> Iterator[None]:
    """Errors of the system in the block name `path`, where they name `temporary` or nothing."""
    try:
        yield
    except OSError as error:
        found = error.filename
        if isinstance(found, str | Path) and Path(found).is_relative_to(temporary):
            error.filename = str(path / Path(found).relative_to(temporary))
            error.filename2 = None
        elif found is None and (error.errno in _NO_ROOM or is_stream(path)):
            error.filename = str(path)
        raise


def free_path_beside(target: Path) -> Path:
    """A free path beside `target`, whose folder is made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _clear_up_after_the_dead(target)
    # A name of our own, not tempfile's 0600 file: the result keeps the user's usual permissions.
    return target.with_name(f".{target.name}.{os.getpid()}.partial")


def _clear_up_after_the_dead(path: Path) -> None:
    """Put back or remove what a killed process left beside `path`."""
    for kind in ("old", "partial"):
        for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.{kind}"):
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
