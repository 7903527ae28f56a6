"""Batches on the devices by step, wherever the split lies."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Int, UInt8

from gimefive_jax import parallel
from gimefive_jax.data.batches import training_batch, training_index
from gimefive_jax.data.split import Split
from gimefive_jax.structs import Batch

Placement = Literal["auto", "device", "host"]
# The rest is for parameters, activations and what else runs there.
_SHARE_OF_DEVICE = 0.25
# Batches on their way while one is trained on.
_AHEAD = 2


class Feed(Protocol):
    """A pure function of the step: the same batch, in whatever order steps are asked for."""

    def batch(self, step: int) -> Batch:
        """Global batch of `step`, its rows divided among the devices."""
        ...


@contextlib.contextmanager
def open_feed(
    split: Split, *, placement: Placement, batch_size: int, seed: int, mesh: Mesh
) -> Iterator[Feed]:
    """Feed of the faces of `split`; nothing of it runs on when the block ends."""
    if place(split, placement=placement, memory=parallel.device_memory(mesh)) == "device":
        yield _DeviceFeed(split, batch_size=batch_size, seed=seed, mesh=mesh)
        return
    with ThreadPoolExecutor(1, thread_name_prefix="feed") as pool:
        try:
            yield _HostFeed(split, batch_size=batch_size, seed=seed, mesh=mesh, pool=pool)
        finally:
            # What has begun ends in milliseconds; what has not is forgotten.
            pool.shutdown(cancel_futures=True)


def place(split: Split, *, placement: Placement, memory: int | None) -> Literal["device", "host"]:
    """Where `split` lies; `memory` is what each device has, None where it does not say.

    A CPU does not say, and its memory is the host's: nothing would be nearer.
    """
    if placement != "auto":
        return placement
    fits = memory is not None and split.images.nbytes <= _SHARE_OF_DEVICE * memory
    return "device" if fits else "host"


class _DeviceFeed:
    """The whole split on every device; only row numbers travel."""

    def __init__(self, split: Split, *, batch_size: int, seed: int, mesh: Mesh) -> None:
        self._num_faces, self._mesh = len(split), mesh
        self._batch_size, self._seed = batch_size, seed
        whole, rows = parallel.replicated(mesh), parallel.rows(mesh)
        self._images, self._labels = parallel.put_replicated(
            (np.asarray(split.images), np.asarray(split.labels)), mesh
        )
        # A program of its own: the step then is the same one for either placement.
        self._gather = jax.jit(_gather, in_shardings=(whole, whole, rows), out_shardings=rows)

    def batch(self, step: int) -> Batch:
        index = training_index(
            self._num_faces,
            step,
            batch_size=self._batch_size,
            seed=self._seed,
            process_index=jax.process_index(),
            process_count=jax.process_count(),
        )
        index = parallel.put_process_rows(index, self._mesh)
        return self._gather(self._images, self._labels, index)


class _HostFeed:
    """The split in host memory or mapped there; the next batches are sent while one is used."""

    def __init__(
        self, split: Split, *, batch_size: int, seed: int, mesh: Mesh, pool: ThreadPoolExecutor
    ) -> None:
        self._split, self._batch_size, self._seed, self._mesh = split, batch_size, seed, mesh
        self._pool = pool
        self._sent: dict[int, Future[Batch]] = {}

    def batch(self, step: int) -> Batch:
        wanted = range(step, step + _AHEAD + 1)
        for other in self._sent.keys() - set(wanted):
            self._sent.pop(other).cancel()
        for number in wanted:
            if number not in self._sent:
                self._sent[number] = self._pool.submit(self._send, number)
        return self._sent.pop(step).result()

    def _send(self, step: int) -> Batch:
        batch = training_batch(
            self._split,
            step,
            batch_size=self._batch_size,
            seed=self._seed,
            process_index=jax.process_index(),
            process_count=jax.process_count(),
        )
        return parallel.put_process_rows(batch, self._mesh)


def _gather(
    images: UInt8[Array, "face height width channel"],
    labels: Int[Array, " face"],
    index: Int[Array, " batch"],
) -> Batch:
    return Batch(
        image=images[index],
        label=labels[index],
        mask=jnp.ones(index.shape, bool),
        index=index,
    )
