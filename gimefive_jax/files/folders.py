"""Folders that appear whole or not at all."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from gimefive_jax.errors import InputError
from gimefive_jax.files.replacing import free_path_beside, link_target, naming


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yields a temporary folder that becomes `path` once the block ends without an error.

    A link is followed: the folder that it leads to is replaced, and the link stays.

    Args:
      path: Folder to write. The folder above it is made where it is missing.

    Yields:
      Path of an empty folder that the block has to fill.

    Raises:
      InputError: `path` is a link that leads to itself.
      OSError: The system refuses; the error names `path`, never the temporary folder.
    """
    target = link_target(path)
    temporary = free_path_beside(target)
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        with naming(path, temporary):
            temporary.mkdir()
            yield temporary
            _exchange(temporary, target, temporary.with_suffix(".old"))
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def resting_place(path: Path, suffix: str) -> Path:
    """Gives the path beside `path`, or beside what that links to, with `suffix` behind its name.

    Args:
      path: File or folder; need not exist.
      suffix: Such as `.unfinished`.

    Raises:
      InputError: `path` is a link that leads to itself.
    """
    target = link_target(path)
    return target.with_name(f"{target.name}{suffix}")


def exchange_folder(finished: Path, path: Path) -> None:
    """Gives a finished folder the place of `path`; what was there is removed.

    A link is followed. Killed at any moment, the next call for `path` leaves nothing behind.

    Args:
      finished: A folder on the same disk.
      path: Where it goes. The folder above it is made where it is missing.

    Raises:
      InputError: `path` is a link that leads to itself.
      OSError: The system refuses.
    """
    target = link_target(path)
    # Also puts back what a killed process had moved aside.
    aside = free_path_beside(target).with_suffix(".old")
    _exchange(finished, target, aside)


def check_replaceable(folder: Path, *, marker: str) -> None:
    """Checks that results may take the place of `folder`, which is replaced whole.

    Args:
      folder: Where results are to go, or a link to it.
      marker: Name of a file that earlier results of the same kind hold.

    Raises:
      InputError: `folder` is no folder, or holds files that are no such results.
    """
    target = link_target(folder)
    if not target.exists():
        return
    if not target.is_dir():
        raise InputError(f"{folder} is in the way of the results; name another folder with --out")
    names = {path.name for path in target.iterdir()}
    if names and (marker not in names or "config.json" in names):
        raise InputError(
            f"{folder} holds other files, which the results would replace; "
            "name a new folder with --out"
        )


def _exchange(temporary: Path, path: Path, aside: Path) -> None:
    """Gives the folder `temporary` the place of `path`, which is `aside` for a moment."""
    if not path.is_dir():
        os.rename(temporary, path)
        return
    # Folders cannot be exchanged in one step: the old one steps aside, and back if need be.
    os.rename(path, aside)
    try:
        os.rename(temporary, path)
    except OSError:
        os.rename(aside, path)
        raise
    shutil.rmtree(aside)
