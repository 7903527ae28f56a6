"""Which faces make which batch: pure functions of the step, so there is no iterator to save."""

import functools
from collections.abc import Iterator

import numpy as np
from jaxtyping import Int

from gimefive_jax.data.mapped import take_faces
from gimefive_jax.data.split import Split
from gimefive_jax.errors import InputError
from gimefive_jax.structs import Batch


def training_index(
    num_faces: int,
    step: int,
    *,
    batch_size: int,
    seed: int,
    process_index: int = 0,
    process_count: int = 1,
) -> Int[np.ndarray, " batch"]:
    """Rows of the faces `step * batch_size` and following of the endless row of shuffled epochs.

    A batch may straddle epochs; each face comes once per epoch. Several processes divide the batch
    into contiguous parts, in their order: joined, the parts are what one process would get.
    """
    if batch_size % process_count:
        raise InputError(
            f"batch_size {batch_size} must be a multiple of the {process_count} processes"
        )
    missing = batch_size // process_count
    position = step * batch_size + process_index * missing
    pieces = []
    while missing:
        epoch, place = divmod(position, num_faces)
        pieces.append(_permutation(num_faces, seed, epoch)[place : place + missing])
        position += len(pieces[-1])
        missing -= len(pieces[-1])
    return np.concatenate(pieces)


def training_batch(
    split: Split,
    step: int,
    *,
    batch_size: int,
    seed: int,
    process_index: int = 0,
    process_count: int = 1,
) -> Batch:
    """Faces of `training_index`; never padded."""
    index = training_index(
        len(split),
        step,
        batch_size=batch_size,
        seed=seed,
        process_index=process_index,
        process_count=process_count,
    )
    return batch_of_rows(split, index)


def batch_of_rows(split: Split, index: Int[np.ndarray, "*shape"]) -> Batch:
    """Batch of the rows of `index`; of several steps if `index` has a leading axis of steps."""
    image = take_faces(split.images, index.reshape(-1))
    return Batch(
        image=image.reshape(*index.shape, *image.shape[1:]),
        label=split.labels[index],
        mask=np.ones(index.shape, np.bool_),
        index=index,
    )


def evaluation_batches(split: Split, batch_size: int) -> Iterator[Batch]:
    """Every face once, in order; the last batch is filled up with masked rows of zeros."""
    for start in range(0, len(split), batch_size):
        stop = min(start + batch_size, len(split))
        missing = batch_size - (stop - start)
        yield Batch(
            image=_pad(split.images[start:stop], missing),
            label=_pad(split.labels[start:stop], missing),
            mask=_pad(np.ones(stop - start, np.bool_), missing),
            index=_pad(np.arange(start, stop, dtype=np.int32), missing),
        )


# Two epochs meet in a batch; a few more serve other seeds and splits in the same process.
@functools.lru_cache(maxsize=8)
def _permutation(num_faces: int, seed: int, epoch: int) -> Int[np.ndarray, " face"]:
    order = np.random.Generator(np.random.PCG64([seed, epoch])).permutation(num_faces)
    return order.astype(np.int32)


def _pad(rows: np.ndarray, missing: int) -> np.ndarray:
    return np.concatenate([rows, np.zeros((missing, *rows.shape[1:]), rows.dtype)])
