"""By what a checkpoint is known to be what was saved.

Two sums: the sha256 of the state, from memory to memory, and that of every file that was written.
The second one finds damage before anything is made of it, also where no reader would stumble.
"""

import dataclasses
import hashlib
import json
import math
from pathlib import Path

import jax
import numpy as np
from jaxtyping import PyTree

from gimefive_jax import files
from gimefive_jax.errors import InputError

SEAL = "seal"
METRICS = "metrics"
_FILES = "files.json"


@dataclasses.dataclass(frozen=True)
class Seal:
    """What is known of a checkpoint without reading its state."""

    sha256: str
    """Of the state, see `digest`."""
    accuracy: float | None
    """Of the validation split; None for a state that was not evaluated."""

    @property
    def rank(self) -> tuple[bool, float]:
        """The higher the better; states that were not evaluated come last."""
        if self.accuracy is None:
            return False, -math.inf
        # NaN compares as neither better nor worse, and has cost people their best checkpoint.
        return True, -math.inf if math.isnan(self.accuracy) else self.accuracy


def read_seal(folder: Path) -> Seal:
    """Seal of the checkpoint in `folder`; InputError unless it is as it was written."""
    check_files(folder, SEAL, METRICS)
    try:
        accuracy = None
        if (folder / METRICS).exists():
            accuracy = float(_read_json(folder / METRICS / METRICS)["accuracy"])
        return Seal(str(_read_json(folder / SEAL / "metadata")["sha256"]), accuracy)
    except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"checkpoint {folder} is damaged: its seal cannot be read") from error


def list_files(folder: Path) -> None:
    """Note the sha256 of every file of a checkpoint that is whole."""
    files.write_json(folder / _FILES, _sums(folder, ""))


def check_files(folder: Path, *parts: str) -> None:
    """Raise InputError unless the files in `parts` of a checkpoint, or all, are as noted."""
    path = folder / _FILES
    if not path.is_file():
        return  # Written before there was such a list: the sha256 of the state has to do.
    try:
        noted = {str(name): str(sha256) for name, sha256 in _read_json(path).items()}
    except (ValueError, AttributeError) as error:
        raise InputError(f"checkpoint {folder} is damaged: {_FILES} cannot be read") from error
    for part in parts or ("",):
        found = _sums(folder, part)
        wanted = {name: sha256 for name, sha256 in noted.items() if name.startswith(part)}
        for name in sorted(found.keys() | wanted.keys()):
            if found.get(name) != wanted.get(name):
                raise InputError(f"checkpoint {folder} is damaged: {name} is not as it was written")


def digest(tree: PyTree) -> str:
    """sha256 over names, types, shapes and bytes of all leaves."""
    hashed = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        array = np.ascontiguousarray(leaf)
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        hashed.update(f"{name} {array.dtype} {np.shape(leaf)} ".encode())
        hashed.update(array.tobytes())
    return hashed.hexdigest()


def _sums(folder: Path, part: str) -> dict[str, str]:
    """sha256 of each file below `part`, by its path from `folder`."""
    sums = {}
    for path in sorted((folder / part).rglob("*")):
        if path.is_file() and path != folder / _FILES:
            with path.open("rb") as file:
                sums[path.relative_to(folder).as_posix()] = hashlib.file_digest(
                    file, "sha256"
                ).hexdigest()
    return sums


def _read_json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))
