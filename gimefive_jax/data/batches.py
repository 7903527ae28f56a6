"""Which faces make which batch: pure functions of the step, so there is no iterator to save."""

import functools

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


# Two epochs meet in a batch; a few more serve other seeds and splits in the same process.
@functools.lru_cache(maxsize=8)
def _permutation(num_faces: int, seed: int, epoch: int) -> Int[np.ndarray, " face"]:
    order = np.random.Generator(np.random.PCG64([seed, epoch])).permutation(num_faces)
    return order.astype(np.int32)
