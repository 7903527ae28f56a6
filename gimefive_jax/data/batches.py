"""Which faces make which batch: pure functions of the step, so there is no iterator to save."""

import functools
from collections.abc import Iterator

import numpy as np
from jaxtyping import Int

from gimefive_jax.data.split import Split
from gimefive_jax.structs import Batch


def training_batch(split: Split, step: int, *, batch_size: int, seed: int) -> Batch:
    """Faces `step * batch_size` and following of the endless row of shuffled epochs.

    A batch may straddle epochs and is never padded; each face comes once per epoch.
    """
    positions = np.arange(step * batch_size, (step + 1) * batch_size, dtype=np.int64)
    epochs, places = np.divmod(positions, len(split))
    index = np.concatenate(
        [
            _permutation(len(split), seed, int(epoch))[places[epochs == epoch]]
            for epoch in np.unique(epochs)
        ]
    )
    return Batch(
        image=split.images[index],
        label=split.labels[index],
        mask=np.ones(batch_size, np.bool_),
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
