"""A split of a prepared data set, opened: pixels, labels and names by row."""

import dataclasses
from collections.abc import Mapping

import numpy as np
from jaxtyping import Int, UInt8

from gimefive_jax.config import DataConfig
from gimefive_jax.data.decoded import DecodedSplit, digest_of, open_decoded
from gimefive_jax.data.names import FileNames
from gimefive_jax.data.prepared import PreparedSet, find_prepared, prepare_command
from gimefive_jax.errors import InputError, nearest

_OWN_COLUMNS = ("label", "file_name")


@dataclasses.dataclass(frozen=True)
class Split:
    """Faces of one split with their labels; a row's number is its `index` in every batch."""

    name: str
    data_name: str
    """Data set and variant, such as `fer2013/six`."""
    images: UInt8[np.ndarray, "face height width channel"]
    """Mapped from disk, or rows of that; one channel if the whole data set is grey, else three."""
    labels: Int[np.ndarray, " face"]
    file_names: FileNames
    emotions: tuple[str, ...]
    """Names of the labels, in their order."""
    digest: str
    """sha256 of exactly these pixels and labels."""
    extras: Mapping[str, np.ndarray]
    """Further columns, such as `pixel_sha256` (uint8 [face, 32]), `subject` and `attributes` (UTF-8
    bytes), `votes`, `box`, `landmarks` (in pixels of the face), `evidence`, `intensity`."""
    index: Int[np.ndarray, " face"]
    """Row of each face in the whole split; counts up from 0 unless this is a sample of it."""
    parts: Mapping[str, Int[np.ndarray, " _"]] = dataclasses.field(default_factory=dict)
    """Rows of the splits that are lists of this one's faces, such as `test_deduplicated`."""

    def __len__(self) -> int:
        return len(self.labels)


def open_split(data: DataConfig, split: str) -> Split:
    """Opens a split of a prepared data set, decoded.

    The first call decodes and stores the pixels beside the data set; later calls map them.

    Args:
      data: Which set, and the size and fit of its faces.
      split: Name of the split, such as `test`.

    Returns:
      The split; its images are mapped from disk.

    Raises:
      InputError: For an unknown data set, variant or split, and for damaged records.
    """
    prepared = find_prepared(data)
    _check_split(prepared, split)
    if split not in prepared.index_splits:
        decoded = open_decoded(prepared, split, data)
    else:
        index = prepared.index_splits[split]
        decoded = _take(
            open_decoded(prepared, index["of"], data),
            _rows_of_part(prepared, split),
            prepared.emotions,
        )
    return Split(
        name=split,
        data_name=str(prepared.data_name),
        images=decoded.images,
        labels=decoded.columns["label"],
        file_names=FileNames(decoded.columns["file_name"]),
        emotions=prepared.emotions,
        digest=decoded.digest,
        extras={
            name: column for name, column in decoded.columns.items() if name not in _OWN_COLUMNS
        },
        index=np.arange(len(decoded.columns["label"])),
        parts={
            name: _rows_of_part(prepared, name)
            for name, part in prepared.index_splits.items()
            if part["of"] == split
        },
    )


def sample_faces(split: Split, limit: int) -> Split:
    """Takes faces evenly spread over a split.

    Splits often lie sorted by category, so the first few would all be of one.

    Args:
      split: Any split.
      limit: Largest number of faces.

    Returns:
      `limit` faces in their order, or all where there are fewer.

    Raises:
      InputError: If `limit` is not positive.
    """
    if limit <= 0:
        raise InputError(f"limit {limit} must be positive")
    if limit >= len(split):
        return split
    return take_faces(split, np.arange(limit) * len(split) // limit)


def take_faces(split: Split, rows: Int[np.ndarray, " row"]) -> Split:
    """Takes some faces of a split.

    Args:
      split: Any split.
      rows: Which of its rows, `[row]`, in the order that is wanted.

    Returns:
      These faces, which know their rows in the whole split by `index`.
    """
    images, labels = split.images[rows], split.labels[rows]
    return dataclasses.replace(
        split,
        images=images,
        labels=labels,
        file_names=split.file_names[rows],
        digest=digest_of(images, labels, split.emotions),
        extras={name: column[rows] for name, column in split.extras.items()},
        index=split.index[rows],
        parts={name: np.flatnonzero(np.isin(rows, part)) for name, part in split.parts.items()},
    )


def stratified(labels: Int[np.ndarray, " face"], count: int | None) -> Int[np.ndarray, " row"]:
    """Chooses faces so that each category keeps its share, evenly spread over the split.

    Two choices of the same split need not lie within each other; a choice made of a choice does.

    Args:
      labels: Category of each face.
      count: How many; None, or more than there are, takes all.

    Returns:
      Rows in ascending order.

    Raises:
      InputError: If `count` is not positive.

    Example:
      >>> import numpy as np
      >>> stratified(np.array([0, 0, 1, 0, 0, 1]), 3).tolist()
      [0, 2, 3]
    """
    if count is not None and count <= 0:
        raise InputError(f"{count} faces: the number must be positive")
    if count is None or count >= len(labels):
        return np.arange(len(labels))
    by_label = np.argsort(labels, kind="stable")
    return np.sort(by_label[np.arange(count) * len(labels) // count])


def _take(
    decoded: DecodedSplit, rows: Int[np.ndarray, " face"], emotions: tuple[str, ...]
) -> DecodedSplit:
    images = decoded.images[rows]
    columns = {name: column[rows] for name, column in decoded.columns.items()}
    return DecodedSplit(images, columns, digest=digest_of(images, columns["label"], emotions))


def _rows_of_part(prepared: PreparedSet, split: str) -> Int[np.ndarray, " row"]:
    """Rows of a split that lists another one's faces; InputError where that has no such rows."""
    part = prepared.index_splits[split]
    rows = np.array(part["rows"], np.int64)
    num_faces = sum(prepared.splits[part["of"]].values())
    if len(rows) and not 0 <= rows.min() <= rows.max() < num_faces:
        bad = rows[(rows < 0) | (rows >= num_faces)]
        command = prepare_command(prepared.name, prepared.variant, source_name=prepared.source_name)
        raise InputError(
            f"{prepared.data_name} is damaged: '{split}' lists row {bad[0]} of '{part['of']}', "
            f"which has {num_faces} faces; remove {prepared.path} and run `{command}`"
        )
    return rows


def _check_split(prepared: PreparedSet, split: str) -> None:
    if split not in prepared.splits:
        known = list(prepared.splits)
        source_name = prepared.source_name
        command = prepare_command(prepared.name, prepared.variant, source_name=source_name)
        raise InputError(
            f"{prepared.data_name} has no split '{split}'{nearest(split, known)}; "
            f"it has {', '.join(known)}; splits are made by `{command}`"
        )
