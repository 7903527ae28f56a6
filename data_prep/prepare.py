"""Prepares a data set: a TFDS folder that appears whole or not at all."""

import contextlib
import dataclasses
import errno
import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from data_prep import splits
from data_prep.contents import (
    DRAWING_VERSION,
    NUM_CLASSES,
    VERSION,
    Content,
    Metadata,
    drawn_content,
    fer2013_content,
)
from data_prep.raw_files import fingerprint as fingerprint_files
from gimefive_jax.errors import InputError, nearest
from gimefive_jax.files import only_one, replacing_folder

VARIANTS: Mapping[str, tuple[str, ...]] = {
    "fer2013": tuple(NUM_CLASSES),
    "drawn_faces": ("six",),
}
# Raised when readers or splits change, so that sets prepared before are prepared anew.
_READING_VERSION = 1


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A data set that is ready to be opened."""

    name: str
    variant: str
    path: Path
    already_prepared: bool
    counts: Mapping[str, Mapping[str, int]]
    """Faces per split, index splits included, and emotion."""
    skipped: Mapping[str, str]
    """Images left out because they cannot be read, with the reason."""


@dataclasses.dataclass(frozen=True)
class DrawnNumbers:
    """How many faces are drawn for each split, and from which seed."""

    train: int = 3000
    validation: int = 500
    test: int = 1000
    seed: int = 0


def prepare(
    name: str,
    *,
    data_dir: Path,
    raw: Path | None = None,
    variant: str = "six",
    drawn: DrawnNumbers = DrawnNumbers(),
) -> Prepared:
    """Data set `name` prepared under `data_dir`, now or, from the same source, before.

    Raises InputError for a source that breaks a rule and for a disk that is full or read-only; the
    folder then holds what it held before.
    """
    _check_names(name, variant)
    if name == "drawn_faces":
        fingerprint, gather = _plan_drawn(drawn)
    else:
        fingerprint, gather = _plan_fer2013(raw, variant)

    path = data_dir / name / variant / VERSION
    metadata = _stored_metadata(path)
    already_prepared = metadata is not None and metadata["fingerprint"] == fingerprint
    if metadata is None or not already_prepared:
        # Read first: a source that breaks a rule leaves no trace in the data folder.
        content = gather()
        metadata = content.metadata(fingerprint)
        with _mend_errors(data_dir), only_one(path.parent, doing="prepared"):
            _clean(path.parent)
            _build(name, variant, content, path=path, metadata=metadata)
    return Prepared(
        name=name,
        variant=variant,
        path=path,
        already_prepared=already_prepared,
        counts=metadata["counts"],
        skipped=metadata["skipped"],
    )


def _check_names(name: str, variant: str) -> None:
    if name not in VARIANTS:
        known = list(VARIANTS)
        raise InputError(
            f"no data set '{name}'{nearest(name, known)}; known are {', '.join(known)}"
        )
    if variant not in VARIANTS[name]:
        known = list(VARIANTS[name])
        raise InputError(
            f"{name} has no variant '{variant}'{nearest(variant, known)}; it has {', '.join(known)}"
        )


def _plan_fer2013(raw: Path | None, variant: str) -> tuple[str, Callable[[], Content]]:
    if raw is None:
        raise InputError(
            "fer2013 is read from your own download: give its zip, folder or csv with --raw PATH"
        )
    numbers = [_READING_VERSION, VERSION, variant, splits.VALIDATION_SHARE, splits.SEED]
    fingerprint = _hash_values(fingerprint_files(raw), *numbers)
    return fingerprint, lambda: fer2013_content(raw, variant=variant)


def _plan_drawn(drawn: DrawnNumbers) -> tuple[str, Callable[[], Content]]:
    num_faces = {"train": drawn.train, "validation": drawn.validation, "test": drawn.test}
    for split, number in num_faces.items():
        if number < 1:
            raise InputError(f"number of {split} faces {number} must be at least 1")
    fingerprint = _hash_values(DRAWING_VERSION, VERSION, *num_faces.values(), drawn.seed)
    return fingerprint, lambda: drawn_content(num_faces, seed=drawn.seed)


def _hash_values(*values: object) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def _build(name: str, variant: str, content: Content, *, path: Path, metadata: Metadata) -> None:
    # Imported here: an answer of "already prepared" needs no tensorflow_datasets.
    import tensorflow_datasets as tfds

    from data_prep.builders import BUILDERS

    tfds.disable_progress_bar()
    with replacing_folder(path) as folder:
        # The builder announces itself on stdout, which belongs to our own results.
        with contextlib.redirect_stdout(io.StringIO()):
            builder = BUILDERS[name](content, metadata=metadata, data_dir=folder, config=variant)
            builder.download_and_prepare(download_dir=folder / "downloads")
        # TFDS makes its own folders below `data_dir`; the files belong at the top.
        for file in builder.data_path.iterdir():
            Path(file).rename(folder / file.name)
        shutil.rmtree(folder / name)
        shutil.rmtree(folder / "downloads", ignore_errors=True)


def _stored_metadata(path: Path) -> Metadata | None:
    try:
        (path / "dataset_info.json").stat()
        metadata: Metadata = json.loads((path / "metadata.json").read_text(encoding="utf-8"))
        return metadata if set(metadata) == set(Metadata.__annotations__) else None
    except (OSError, ValueError, TypeError):
        # Not prepared, or damaged from outside: both are mended by preparing.
        return None


def _clean(folder: Path) -> None:
    # What a killed run left: no later run may mistake it for finished, nor should it fill the disk.
    for pattern in ("incomplete.*", ".*.partial", ".*.old"):
        for leftover in folder.glob(pattern):
            shutil.rmtree(leftover, ignore_errors=True)


@contextlib.contextmanager
def _mend_errors(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:
        reason = _disk_trouble(error)
        if reason is None:
            raise
        raise InputError(
            f"cannot write to {data_dir}: {reason}; change that or choose another folder "
            "with --data-dir"
        ) from error


def _disk_trouble(error: OSError | RuntimeError) -> str | None:
    # TFDS re-raises without the number, and array_record tells of a full disk in words only.
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO):
        if os.strerror(number) in str(error):
            return os.strerror(number)
    return str(error) if isinstance(error, OSError) else None
