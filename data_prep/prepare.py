"""Prepares a data set: a TFDS folder that appears whole or not at all."""

import contextlib
import dataclasses
import errno
import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from data_prep.contents import Content, gather, gather_as_divided
from data_prep.cropping import crop_records
from data_prep.exclusions import Exclusions
from data_prep.source import Options, Request, Source
from data_prep.sources import find_source
from data_prep.spool import Spool
from gimefive_jax.errors import InputError
from gimefive_jax.files import only_one, replacing_folder
from gimefive_jax.set_metadata import VERSION, Joined, Metadata, read_json

# Raised when readers or splits change, so that sets prepared before are prepared anew.
_READING_VERSION = 3


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
    """Images left out because they cannot be read, with the reason; the first thousand."""
    num_skipped: int
    """All of them."""
    num_absent: int
    """Images that the source lists and the download does not hold."""
    left_out: Mapping[str, int]
    """Faces of categories that the variant does not hold."""
    excluded: int
    """Faces left out because the exclusion list names them."""
    sources: Mapping[str, int]
    """Faces by the data set that they come from."""
    joined: Mapping[str, Joined]
    """The members of an aggregate."""


def prepare(
    name: str,
    *,
    data_dir: Path,
    raw: Path | None = None,
    variant: str = "six",
    options: Options | None = None,
) -> Prepared:
    """Prepares a data set by its name.

    Args:
      name: One of `gimefive data list`.
      data_dir: Folder of prepared data sets.
      raw: The user's own download, where the set has one.
      variant: `six`, `seven`, `eight` or, of one's own data, `own`.
      options: Choices of this source; by default its own.

    Returns:
      The set, prepared now or before.

    Raises:
      InputError: As `prepare_request`.
    """
    request = Request(name=name, variant=variant, raw=raw, options=options)
    return prepare_request(request, data_dir=data_dir)


def prepare_request(request: Request, *, data_dir: Path) -> Prepared:
    """Prepares a data set, unless it was prepared from the same source before.

    Args:
      request: What is asked for.
      data_dir: Folder of prepared data sets.

    Returns:
      The set, prepared now or before.

    Raises:
      InputError: For a source that breaks a rule, and for a disk that is full or read-only; the
        folder then holds what it held before.
    """
    source = find_source(request)
    _check_name_is_free(request, data_dir)
    fingerprint = _fingerprint(request, source, data_dir)
    path = data_dir / request.prepared_name / request.variant / VERSION
    metadata = _stored_metadata(path)
    already_prepared = metadata is not None and metadata["fingerprint"] == fingerprint
    if metadata is None or not already_prepared:
        with _mend_errors(data_dir), Spool(_existing(data_dir)) as spool:
            # Read first: a source that breaks a rule leaves no trace in the data folder.
            content = _gather(request, source, spool, data_dir=data_dir)
            metadata = content.metadata(
                fingerprint,
                source_name=request.name,
                joined=source.joined(request, data_dir=data_dir),
            )
            with only_one(path.parent, doing="prepared"):
                _clean(path.parent)
                _write(request, source, content, path=path, metadata=metadata)
    return Prepared(
        name=request.prepared_name,
        variant=request.variant,
        path=path,
        already_prepared=already_prepared,
        counts=metadata["counts"],
        skipped=metadata["skipped"],
        num_skipped=metadata["num_skipped"],
        num_absent=metadata["num_absent"],
        left_out=metadata["left_out"],
        excluded=metadata["excluded"],
        sources=metadata["sources"],
        joined=metadata["joined"],
    )


def _fingerprint(request: Request, source: Source, data_dir: Path) -> str:
    """Changes with whatever changes the prepared set."""
    asked = [_READING_VERSION, VERSION, request.variant, request.name, request.prepared_name]
    # Of a cropper only where there is one, or every prepared set would change.
    cropped = [] if request.cropper is None else [request.cropper.name]
    values = [*asked, *source.fingerprint(request, data_dir=data_dir), *cropped]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def _gather(request: Request, source: Source, spool: Spool, *, data_dir: Path) -> Content:
    records = source.records(request, data_dir=data_dir)
    if request.cropper is not None:
        records = crop_records(records, request.cropper)
    if source.is_divided:
        return gather_as_divided(records, spool)
    return gather(
        records,
        spool,
        variant=request.variant,
        categories=source.categories(request),
        what=source.describe(request, data_dir=data_dir),
        exclusions=Exclusions(request.exclude),
        may_lack_train=source.may_lack_train,
    )


def _write(
    request: Request, source: Source, content: Content, *, path: Path, metadata: Metadata
) -> None:
    # Imported here: an answer of "already prepared" needs no tensorflow_datasets.
    import tensorflow_datasets as tfds

    from data_prep.builders import write_data_set

    tfds.disable_progress_bar()
    # TFDS announces itself on stdout, which belongs to our own results.
    with replacing_folder(path) as folder, contextlib.redirect_stdout(io.StringIO()):
        write_data_set(
            content,
            folder,
            name=request.prepared_name,
            variant=request.variant,
            description=source.description,
            metadata=metadata,
        )


def _check_name_is_free(request: Request, data_dir: Path) -> None:
    """Raise InputError if the name of the prepared set is that of another source's set."""
    name = request.prepared_name
    for path in sorted((data_dir / name).glob(f"[!.]*/{VERSION}")):
        stored = read_json(path / "metadata.json")
        other = stored.get("source_name", request.name)
        if other != request.name:
            raise InputError(
                f"{path.parent} holds a set prepared from {other}; choose another --set-name"
            )


def _stored_metadata(path: Path) -> Metadata | None:
    # Not prepared, or damaged from outside: both are mended by preparing.
    if not (path / "dataset_info.json").is_file():
        return None
    stored = read_json(path / "metadata.json")
    return cast(Metadata, stored) if set(stored) == set(Metadata.__annotations__) else None


def _existing(folder: Path) -> Path:
    """`folder`, or the nearest above it that is there."""
    folder = folder.absolute()
    while not folder.is_dir():
        folder = folder.parent
    return folder


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
