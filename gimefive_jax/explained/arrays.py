"""The arrays of an export: Zarr stores, a chunk for each shard of faces."""

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from gimefive_jax.errors import InputError

SHARD = 256
"""Faces that are written at once, after which a killed export goes on; a chunk of each array."""


@runtime_checkable
class Indexed(Protocol):
    """What a stored array is read through: a memory map of numpy, or an array of zarr."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of all axes."""

    @property
    def dtype(self) -> np.dtype:
        """Type of a number."""

    def __getitem__(self, rows: int | slice, /) -> object:
        """Reads a row or some."""


class StoredArray:
    """An array on disk with a row per face, which is read as it is indexed.

    `array[3]`, `array[10:20]` and `array[[3, 8]]` give numpy arrays, `numpy.asarray(array)` all of
    it, and `shards()` part by part, so that memory stays flat.
    """

    def __init__(self, source: Indexed) -> None:
        self._source = source

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of all axes, faces first."""
        return self._source.shape

    @property
    def dtype(self) -> np.dtype:
        """Type of a number."""
        return self._source.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: int | np.integer | slice | list[int] | np.ndarray) -> np.ndarray:
        if isinstance(rows, list | np.ndarray):
            wanted = np.arange(len(self))[rows]
            parts = [self[int(row)] for row in wanted]
            return np.stack(parts) if parts else np.zeros((0, *self.shape[1:]), self.dtype)
        if not isinstance(rows, slice) and not -len(self) <= rows < len(self):
            raise IndexError(f"row {rows} of {len(self)}")
        return np.asarray(self._source[rows if isinstance(rows, slice) else int(rows)])

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or self.dtype, copy=False)

    def shards(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Gives the rows of each shard, and their part of the array."""
        for start in range(0, len(self), SHARD):
            rows = slice(start, min(start + SHARD, len(self)))
            yield rows, self[rows]


def open_array(path: Path) -> StoredArray:
    """Opens an array of an export for reading.

    Args:
      path: `NAME.zarr`; where there is none, `NAME.npy` is taken, as earlier versions wrote it.

    Returns:
      The array; nothing is read yet.

    Raises:
      FileNotFoundError: There is neither.
      InputError: It is damaged.
    """
    mend = f"{path} is damaged; `gimefive explain` writes it anew"
    if not path.is_dir():
        try:
            return StoredArray(np.load(path.with_suffix(".npy"), mmap_mode="r"))
        except (ValueError, EOFError) as error:
            raise InputError(mend.replace(".zarr", ".npy", 1)) from error
    import zarr

    try:
        found = zarr.open_array(path, mode="r")
    except (ValueError, KeyError, TypeError, FileNotFoundError) as error:
        raise InputError(mend) from error
    return StoredArray(found)


def write_shard(
    path: Path, values: np.ndarray, rows: slice, *, count: int, axes: tuple[str, ...]
) -> None:
    """Writes a shard's rows of an array; the store is made where it is missing.

    Args:
      path: The Zarr store.
      values: Rows, `[face, ...]`.
      rows: Which ones, from a multiple of `SHARD` on.
      count: Faces of the whole array.
      axes: Names of the axes behind that of the faces.
    """
    import zarr

    if not (path / "zarr.json").is_file():
        zarr.create_array(
            path,
            shape=(count, *values.shape[1:]),
            chunks=(min(SHARD, count), *values.shape[1:]),
            dtype=values.dtype,
            # Bare numbers: numpy alone reads a chunk.
            compressors=None,
            filters=None,
            fill_value=0,
            dimension_names=("face", *axes),
            zarr_format=3,
        )
    # A chunk of zeros is a file as well.
    with zarr.config.set({"array.write_empty_chunks": True}):
        array = zarr.open_array(path, mode="r+")
    array[rows] = values
    _flush(chunk_file(path, rows.start // SHARD, values.ndim))


def chunk_file(path: Path, shard: int, num_axes: int) -> Path:
    """Path of a shard's numbers in a Zarr store: `c/SHARD/0/0`."""
    return path.joinpath("c", str(shard), *["0"] * (num_axes - 1))


def has_shard(path: Path, shard: int) -> bool:
    """Tells whether a store holds the whole chunk of a shard."""
    array = open_array(path)
    size = min(SHARD, len(array)) * math.prod(array.shape[1:]) * array.dtype.itemsize
    chunk = chunk_file(path, shard, len(array.shape))
    return chunk.is_file() and chunk.stat().st_size == size


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
