"""Lists an unpacked download, and names what in it cannot be read."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from data_prep.raw_zip import is_clutter
from gimefive_jax.errors import InputError


def missing(raw: Path) -> str:
    """Message for a download that is not there."""
    return f"{raw} does not exist; give the downloaded zip, folder or csv"


@contextlib.contextmanager
def name_unreadable(raw: Path) -> Iterator[None]:
    """The block; what may not be read in it is an InputError that names the file."""
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(missing(raw)) from error
    except OSError as error:
        raise InputError(
            f"{error.filename} cannot be read: {error.strerror}; make it readable or move it out "
            "of the download"
        ) from error


def walk(folder: Path) -> Iterator[tuple[str, Path]]:
    """Lists every file below a folder.

    Links are followed, because people link their data; a link to a folder above is not.

    Args:
      folder: Unpacked download.

    Yields:
      Name with `/` from the folder, and path.

    Raises:
      OSError: For a folder that may not be opened.
    """
    seen = {os.path.realpath(folder)}
    for top, folders, files in os.walk(folder, followlinks=True, onerror=_refuse):
        kept = []
        for name in sorted(folders):
            real = os.path.realpath(os.path.join(top, name))
            if real not in seen and not is_clutter(name):
                seen.add(real)
                kept.append(name)
        folders[:] = kept
        for name in files:
            if not is_clutter(name):
                path = Path(top, name)
                yield path.relative_to(folder).as_posix(), path


def _refuse(error: OSError) -> None:
    # A class whose folder may not be opened would be missing without a word.
    raise error
