"""Landmarks of a whole split: from the data where it has them, else found once and kept."""

import logging
import zipfile
from pathlib import Path

import numpy as np
from jaxtyping import Float

from gimefive_jax import parallel
from gimefive_jax.config import DataConfig
from gimefive_jax.data import Split, find_prepared
from gimefive_jax.faces.mesh_landmarks import Landmarks, landmarks
from gimefive_jax.faces.network_files import network_sha256
from gimefive_jax.faces.regions import NUM_LANDMARKS
from gimefive_jax.files import in_turn, replacing
from gimefive_jax.inference import Driver

# Raised when the same faces and network give other landmarks.
_VERSION = 1
_DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


def split_landmarks(
    split: Split, *, folder: Path | None = None, driver: Driver | None = None
) -> Landmarks:
    """Gives the landmarks of every face of a split.

    Faces that come with 68 landmarks keep them. The others are given to the face mesh; what it
    found is kept in `folder` and read from there the next time. Every process of several makes the
    call, and the first one writes.

    Args:
      split: The faces.
      folder: Where landmarks are kept, by the digest of the faces; None keeps nothing.
      driver: Devices and batch size, as for `landmarks`.

    Returns:
      A row for each face of the split.
    """
    given = _given(split)
    missing = ~np.isfinite(given).all((1, 2))
    if not missing.any():
        return Landmarks(given, np.ones(len(split), bool), np.ones(len(split), np.float32))
    found = _found(split, folder, driver)
    return Landmarks(
        points=np.where(missing[:, None, None], found.points, given),
        found=found.found | ~missing,
        confidence=np.where(missing, found.confidence, np.float32(1)),
    )


def landmarks_folder(data: DataConfig) -> Path:
    """Gives the folder where the landmarks of a prepared data set are kept: inside of it.

    Args:
      data: Which set.

    Returns:
      The folder, which may not be there yet.

    Raises:
      InputError: The set is not prepared.
    """
    return find_prepared(data).path / "landmarks"


def _given(split: Split) -> Float[np.ndarray, "face 68 2"]:
    """Landmarks that come with the data; no numbers where it has none, or not 68 of them."""
    column = split.extras.get("landmarks")
    if column is None or column.shape[1:] != (NUM_LANDMARKS, 2):
        return np.full((len(split), NUM_LANDMARKS, 2), np.nan, np.float32)
    return np.asarray(column, np.float32)


def _found(split: Split, folder: Path | None, driver: Driver | None) -> Landmarks:
    """Landmarks by the face mesh, read from the folder or found now."""
    if folder is None:
        return landmarks(split.images, driver=driver)
    path = folder / f"{split.digest[:32]}-{network_sha256('face_mesh')[:16]}-v{_VERSION}.npz"
    stored = _read(path, len(split))
    # The first process reads for all: others may not see its disk, and all must go the same way.
    is_stored, first = parallel.from_first((np.bool_(stored is not None), stored or _none(split)))
    if is_stored:
        return first
    found = landmarks(split.images, driver=driver)
    if parallel.is_first():
        _write(path, found)
    return found


def _none(split: Split) -> Landmarks:
    count = len(split)
    points = np.zeros((count, NUM_LANDMARKS, 2), np.float32)
    return Landmarks(points, np.zeros(count, bool), np.zeros(count, np.float32))


def _read(path: Path, count: int) -> Landmarks | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            found = Landmarks(stored["points"], stored["found"], stored["confidence"])
        whole = len(found.points) == len(found.found) == len(found.confidence) == count
        return found if whole else None
    except _DAMAGED:
        # Absent or damaged: finding them again mends both.
        return None


def _write(path: Path, found: Landmarks) -> None:
    try:
        with in_turn(path.parent), replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, points=found.points, found=found.found, confidence=found.confidence)
    except OSError as error:
        logging.getLogger(__name__).warning(
            "%s cannot be written (%s): landmarks stay in memory, for this run only",
            path,
            error.strerror or error,
        )
