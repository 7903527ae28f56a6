"""Bytes into a file, and what stands against it in one line."""

from pathlib import Path

from gimefive_jax import files
from gimefive_jax.errors import InputError


def write_bytes(path: Path, content: bytes) -> None:
    """Write the file whole or not at all; raises InputError naming it if the disk refuses."""
    try:
        with files.replacing(path) as partial:
            partial.write_bytes(content)
    except OSError as error:
        # The system's error names a temporary file, or none at all where a disk is full.
        raise InputError(
            f"cannot write {path}: {error.strerror or error}; free some space or choose another "
            "path"
        ) from error
