"""Batches on the devices by step, wherever the split lies."""

import contextlib
import dataclasses
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Int

from gimefive_jax import parallel
from gimefive_jax.data.batches import batch_of_rows, training_index
from gimefive_jax.data.split import Split
from gimefive_jax.structs import AnyArray, Batch, ResidentFaces

Placement = Literal["auto", "device", "host"]
# Batches, or rows of the resident split, of several steps; of one inside the program.
BatchOrRows = Batch | Int[AnyArray, "*step batch"]
# The rest is for parameters, activations and what else runs there.
_SHARE_OF_DEVICE = 0.25
# Batches on their way while one is trained on.
_AHEAD = 2


class Feed(Protocol):
    """A pure function of the step: the same batches, in whatever order steps are asked for."""

    resident: ResidentFaces | None
    """The split, where it lies on the devices; goes to `select` inside the program."""

    def send(self, step: int) -> BatchOrRows:
        """Gives what `select` needs for `step` and the following ones, on the devices."""
        ...


def select(resident: ResidentFaces | None, sent: BatchOrRows) -> Batch:
    """Batch of one step, inside a jitted program: taken from the resident split, or as sent."""
    if resident is None:
        assert isinstance(sent, Batch)
        return sent
    assert not isinstance(sent, Batch)
    index = jnp.asarray(sent)
    return Batch(
        image=jnp.asarray(resident.image)[index],
        label=jnp.asarray(resident.label)[index],
        mask=jnp.ones(index.shape, bool),
        index=index,
    )


@contextlib.contextmanager
def open_feed(
    split: Split,
    *,
    placement: Placement,
    batch_size: int,
    seed: int,
    mesh: Mesh,
    num_steps: int = 1,
) -> Iterator[Feed]:
    """Gives the batches of `split`, `num_steps` at a time; its thread ends with the block."""
    order = _Order(len(split), batch_size=batch_size, seed=seed, num_steps=num_steps)
    if place(split, placement=placement, memory=parallel.device_memory(mesh)) == "device":
        yield _DeviceFeed(split, order, mesh)
        return
    with ThreadPoolExecutor(1, thread_name_prefix="feed") as pool:
        try:
            yield _HostFeed(split, order, mesh, pool)
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


@dataclasses.dataclass(frozen=True)
class _Order:
    """Which rows this process contributes to which steps."""

    num_faces: int
    batch_size: int
    seed: int
    num_steps: int

    def rows(self, step: int) -> Int[np.ndarray, "step batch"]:
        """Of `step` and the following ones."""
        return np.stack(
            [
                training_index(
                    self.num_faces,
                    number,
                    batch_size=self.batch_size,
                    seed=self.seed,
                    process_index=jax.process_index(),
                    process_count=jax.process_count(),
                )
                for number in range(step, step + self.num_steps)
            ]
        )


class _DeviceFeed:
    """The whole split on every device; only row numbers travel."""

    def __init__(self, split: Split, order: _Order, mesh: Mesh) -> None:
        self._order, self._mesh = order, mesh
        images, labels = np.asarray(split.images), np.asarray(split.labels)
        self.resident: ResidentFaces | None = parallel.put_replicated(
            ResidentFaces(images, labels), mesh
        )

    def send(self, step: int) -> BatchOrRows:
        return parallel.put_process_rows(self._order.rows(step), self._mesh, axis=1)


class _HostFeed:
    """The split in host memory or mapped there; the next batches are sent while one is used."""

    def __init__(self, split: Split, order: _Order, mesh: Mesh, pool: ThreadPoolExecutor) -> None:
        self._split, self._order, self._mesh, self._pool = split, order, mesh, pool
        self._sent: dict[int, Future[BatchOrRows]] = {}
        self.resident: ResidentFaces | None = None

    def send(self, step: int) -> BatchOrRows:
        after = step + (_AHEAD + 1) * self._order.num_steps
        wanted = range(step, after, self._order.num_steps)
        for other in self._sent.keys() - set(wanted):
            self._sent.pop(other).cancel()
        for number in wanted:
            if number not in self._sent:
                self._sent[number] = self._pool.submit(self._gather, number)
        return self._sent.pop(step).result()

    def _gather(self, step: int) -> BatchOrRows:
        batch = batch_of_rows(self._split, self._order.rows(step))
        return parallel.put_process_rows(batch, self._mesh, axis=1)
