"""How damage to a checkpoint is found: the sha256 of its state and of each of its files.

Orbax restores a flipped byte without a word, so the state is compared from memory to memory. The
sha256 of the files finds damage before anything is restored, also where no reader would notice it.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable
from pathlib import Path

import jax
import numpy as np
from jaxtyping import PyTree

from gimefive_jax import files
from gimefive_jax.errors import InputError
from gimefive_jax.structs import AnyArray

RECORD = "seal"
"""In a checkpoint: the folder with the sha256 of the state."""
METRICS = "metrics"
"""In a checkpoint that was evaluated: the folder with its accuracy."""
_FILES = "files.json"


@dataclasses.dataclass(frozen=True)
class CheckpointRecord:
    """What is known of a checkpoint without reading its state."""

    sha256: str
    """Of the state, see `digest`."""
    accuracy: float | None
    """On the validation split; None for a state that was not evaluated."""

    @property
    def rank(self) -> tuple[bool, float]:
        """Sorts checkpoints from worst to best; states that were not evaluated are the worst."""
        if self.accuracy is None:
            return False, -math.inf
        # NaN compares as neither better nor worse, and has cost people their best checkpoint.
        return True, -math.inf if math.isnan(self.accuracy) else self.accuracy


def read_record(folder: Path) -> CheckpointRecord:
    """Reads the record of a checkpoint.

    Args:
      folder: The checkpoint.

    Returns:
      The record.

    Raises:
      InputError: It is damaged.
    """
    check_files(folder, RECORD, METRICS)
    try:
        accuracy = None
        if (folder / METRICS).exists():
            accuracy = float(_read_json(folder / METRICS / METRICS)["accuracy"])
        return CheckpointRecord(str(_read_json(folder / RECORD / "metadata")["sha256"]), accuracy)
    except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"checkpoint {folder} is damaged: its {RECORD} cannot be read") from error


def write_file_checksums(folder: Path) -> None:
    """Writes the sha256 of every file of a checkpoint that is complete."""
    files.write_json(folder / _FILES, _checksums(folder, ""))


def has_file_checksums(folder: Path) -> bool:
    """Says whether the sha256 of each file was written; the first checkpoints had none."""
    return (folder / _FILES).is_file()


def check_files(folder: Path, *parts: str) -> None:
    """Compares the files of a checkpoint with their sha256.

    Args:
      folder: The checkpoint. One without checksums of its files passes.
      *parts: Folders in it to compare; all of it where none is named.

    Raises:
      InputError: A file differs, is missing or was added.
    """
    if not has_file_checksums(folder):
        return
    try:
        recorded = {str(k): str(sha256) for k, sha256 in _read_json(folder / _FILES).items()}
    except (ValueError, AttributeError) as error:
        raise InputError(f"checkpoint {folder} is damaged: {_FILES} cannot be read") from error
    for part in parts or ("",):
        found = _checksums(folder, part)
        wanted = {name: sha256 for name, sha256 in recorded.items() if name.startswith(part)}
        for name in sorted(found.keys() | wanted.keys()):
            if found.get(name) != wanted.get(name):
                raise InputError(f"checkpoint {folder} is damaged: {name} is not as it was written")


def digest(tree: PyTree) -> str:
    """Computes the sha256 over names, types, shapes and bytes of all leaves.

    Args:
      tree: Arrays, on the host or on devices of this process.

    Returns:
      64 hexadecimal digits.
    """
    return digest_of_arrays(
        (jax.tree_util.keystr(path, simple=True, separator="/"), leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
    )


def digest_of_arrays(arrays: Iterable[tuple[str, AnyArray]]) -> str:
    """Computes `digest` of a tree that is given as its leaves, in order, with their names."""
    hashed = hashlib.sha256()
    for name, leaf in arrays:
        array = np.ascontiguousarray(leaf)
        hashed.update(f"{name} {array.dtype} {np.shape(leaf)} ".encode())
        hashed.update(array.tobytes())
    return hashed.hexdigest()


def _checksums(folder: Path, part: str) -> dict[str, str]:
    """sha256 of each file below `part`, by its path from `folder`."""
    checksums = {}
    for path in sorted((folder / part).rglob("*")):
        if path.is_file() and path != folder / _FILES:
            checksums[path.relative_to(folder).as_posix()] = files.file_sha256(path)
    return checksums


def _read_json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))
