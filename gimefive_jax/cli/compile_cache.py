"""Compiled programs on disk: what one command has compiled, the next one takes from there."""

import contextlib
import hashlib
import os
import platform
import shutil
import warnings
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from gimefive_jax.kept_programs import kept_in

NO_CACHE = "--no-cache"
_FOLDER = "JAX_COMPILATION_CACHE_DIR"
# A program that takes less to compile than this is compiled anew: reading it takes as long.
_SECONDS = "0.1"
_LARGEST, _KEPT = 512_000_000, 256_000_000  # bytes
_DAMAGED = "Error reading persistent compilation cache entry"
_REFUSED = "Error writing persistent compilation cache entry"


@contextlib.contextmanager
def keep_programs(words: Sequence[str]) -> Iterator[None]:
    """Lets jax keep its programs in the user's cache folder while the block runs.

    Only before jax is imported does it have an effect. A folder that the user has named by
    `JAX_COMPILATION_CACHE_DIR` is left to the user. Where nothing can be written, nothing is kept,
    without a word.

    Args:
      words: Of the command; with `--no-cache` among them nothing is kept.
    """
    folder = None if NO_CACHE in words or _FOLDER in os.environ else _machine_folder()
    if folder is None:
        yield
        return
    os.environ[_FOLDER] = str(folder)
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", _SECONDS)
    with _damage_noticed(folder), kept_in(folder):
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                _shrink(folder.parent)


def cache_folder() -> Path | None:
    """Gives the folder of compiled programs of all machines that share the user's home.

    Returns:
      `$XDG_CACHE_HOME/gimefive-jax/programs`, by default below `~/.cache`; None without a home.
    """
    named = os.environ.get("XDG_CACHE_HOME", "")
    try:
        caches = Path(named) if os.path.isabs(named) else Path.home() / ".cache"
    except RuntimeError:
        return None
    return caches / "gimefive-jax" / "programs"


def _machine_folder() -> Path | None:
    """The folder of programs for processors such as this one; None where it cannot be written."""
    folder = cache_folder()
    if folder is None:
        return None
    mine = folder / _machine()
    try:
        # Programs are run as they are: nobody else may write here.
        mine.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = mine.stat()
        is_mine = status.st_uid == os.getuid() and not status.st_mode & 0o022
    except OSError:
        return None
    return mine if is_mine and os.access(mine, os.W_OK | os.X_OK) else None


def _machine() -> str:
    """Name of what a program depends on that jax's own key of it does not hold."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = [platform.processor()]
    # The processor's instructions: a program for others ends in an illegal one.
    known = sorted({line for line in lines if line.startswith(("flags", "Features", "model name"))})
    words = [platform.machine(), version("jax"), version("jaxlib"), *known]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]


def _shrink(folder: Path) -> None:
    """Deletes the oldest programs where all of them take more than the largest size."""
    found = []
    for path in folder.rglob("*"):
        # Another command may delete them at the same time.
        with contextlib.suppress(OSError):
            if path.is_file():
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
    size = sum(one[1] for one in found)
    if size <= _LARGEST:
        return
    for _, bytes_of_it, path in sorted(found):
        if size <= _KEPT:
            break
        with contextlib.suppress(OSError):
            path.unlink()
        size -= bytes_of_it


@contextlib.contextmanager
def _damage_noticed(folder: Path) -> Iterator[None]:
    """Keeps jax's words about the cache from the user; a damaged program empties the folder."""
    before, is_damaged = warnings.showwarning, False

    def show(message: Warning | str, *details: object, **more: object) -> None:
        nonlocal is_damaged
        words = str(message)
        if words.startswith(_DAMAGED):
            # Compiled anew; but what is damaged stays where it lies, as jax never replaces it.
            is_damaged = True
        elif not words.startswith(_REFUSED):
            before(message, *details, **more)  # type: ignore[arg-type]

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before
        if is_damaged:
            shutil.rmtree(folder, ignore_errors=True)
