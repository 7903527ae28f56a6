"""Reads rows of an array mapped from disk without keeping the whole array in memory."""

import mmap

import numpy as np
from jaxtyping import Int, UInt8

# Up to here an array may stay mapped whole. Of a larger one every few rows are let go again: the
# system maps far more around a row than the row (on some file systems megabytes).
_KEPT_BYTES = 256 * 2**20
_KEPT_ROWS = 256


def take_faces(
    images: UInt8[np.ndarray, "face height width channel"], index: Int[np.ndarray, " batch"]
) -> UInt8[np.ndarray, "batch height width channel"]:
    """Copies of the rows of `index`; of a large mapped array no page stays mapped.

    The pages remain in the system's cache while there is room, so that reading them again is fast,
    but they do not count as this process's memory.
    """
    # A plain view: numpy's class for mapped arrays costs a Python call per array it makes.
    plain = np.asarray(images)
    if plain.nbytes <= _KEPT_BYTES or (mapping := _mapping_of(images)) is None:
        return plain.take(index, axis=0)
    faces = np.empty((len(index), *plain.shape[1:]), np.uint8)
    for start in range(0, len(index), _KEPT_ROWS):
        faces[start : start + _KEPT_ROWS] = plain.take(index[start : start + _KEPT_ROWS], axis=0)
        mapping.madvise(mmap.MADV_DONTNEED)
    return faces


def _mapping_of(array: np.ndarray) -> mmap.mmap | None:
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    return base if isinstance(base, mmap.mmap) else None
