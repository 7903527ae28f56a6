"""Wherever the split lies and whoever asks, a step's batch is the same."""

import os
import socket
import subprocess
import sys
import threading

import chex
import jax
import numpy as np
import pytest

from gimefive_jax import parallel
from gimefive_jax.data import Feed, Split, feeding, open_feed, select, training_batch
from gimefive_jax.data.feeding import Placement, place
from gimefive_jax.data.names import FileNames
from gimefive_jax.structs import Batch

NUM_FACES = 37


def made_split() -> Split:
    random = np.random.default_rng(0)
    return Split(
        name="train",
        data_name="made/six",
        images=random.integers(0, 256, (NUM_FACES, 4, 4, 1), dtype=np.uint8),
        labels=random.integers(0, 6, NUM_FACES, dtype=np.int32),
        file_names=FileNames(np.array([f"{row}.png" for row in range(NUM_FACES)])),
        emotions=("a", "b", "c", "d", "e", "f"),
        digest="",
        extras={},
        index=np.arange(NUM_FACES),
    )


def batch_of(feed: Feed, step: int) -> Batch:
    """Batch of one step, as the program of training gets it."""
    found = jax.jit(select)(feed.resident, feed.send(step))
    return jax.tree.map(lambda rows: rows[0], found)


@pytest.mark.parametrize("placement", ["device", "host"])
@pytest.mark.parametrize("num_devices", [1, 2, 4, 8])
def test_devices_share_the_first_hundred_batches_of_one(placement: Placement, num_devices: int):
    split, mesh = made_split(), parallel.make_mesh(num_devices)
    with open_feed(split, placement=placement, batch_size=16, seed=3, mesh=mesh) as feed:
        for step in range(100):
            sent = feed.send(step)
            assert jax.tree.leaves(sent)[0].sharding == parallel.rows(mesh, axis=1)
            found = jax.device_get(batch_of(feed, step))
            wanted = training_batch(split, step, batch_size=16, seed=3)
            chex.assert_trees_all_equal(found, wanted)


@pytest.mark.parametrize("placement", ["device", "host"])
def test_several_batches_at_a_time_are_the_same_ones(placement: Placement):
    split, mesh = made_split(), parallel.make_mesh(2)
    with open_feed(
        split, placement=placement, batch_size=8, seed=0, mesh=mesh, num_steps=3
    ) as feed:
        for step in (0, 3, 6, 30):
            found = jax.device_get(jax.jit(select)(feed.resident, feed.send(step)))
            single = [training_batch(split, step + i, batch_size=8, seed=0) for i in range(3)]
            wanted = jax.tree.map(lambda *rows: np.stack(rows), *single)
            chex.assert_trees_all_equal(found, wanted)


@pytest.mark.parametrize("placement", ["device", "host"])
def test_a_feed_can_be_asked_for_any_step_in_any_order(placement: Placement):
    split, mesh = made_split(), parallel.make_mesh(1)
    with open_feed(split, placement=placement, batch_size=8, seed=0, mesh=mesh) as feed:
        for step in (70, 71, 3, 3, 4, 90, 0):
            wanted = training_batch(split, step, batch_size=8, seed=0)
            found = jax.device_get(batch_of(feed, step))
            chex.assert_trees_all_equal(found, wanted)


def _feed_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("feed")]


def test_an_error_in_the_loop_leaves_no_thread():
    split, mesh = made_split(), parallel.make_mesh(1)

    def train() -> None:
        with open_feed(split, placement="host", batch_size=8, seed=0, mesh=mesh) as feed:
            feed.send(0)
            assert _feed_threads()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train()
    assert not _feed_threads()


def test_an_error_while_gathering_reaches_who_asked(monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(feeding, "batch_of_rows", fail)
    split, mesh = made_split(), parallel.make_mesh(1)
    with (
        pytest.raises(OSError, match="the disk is gone"),
        open_feed(split, placement="host", batch_size=8, seed=0, mesh=mesh) as feed,
    ):
        feed.send(0)
    assert not _feed_threads()


def test_auto_puts_a_split_on_a_device_where_it_fills_a_quarter_at_most():
    split = made_split()
    size = split.images.nbytes
    assert place(split, placement="auto", memory=4 * size) == "device"
    assert place(split, placement="auto", memory=4 * size - 1) == "host"
    # A CPU tells no limit; its memory is the host's.
    assert place(split, placement="auto", memory=None) == "host"
    assert place(split, placement="device", memory=1) == "device"
    assert place(split, placement="host", memory=4 * size) == "host"


_PROCESS = """
import sys
import jax
import numpy as np
from tests.data.test_feeding import made_split
from gimefive_jax import parallel
from gimefive_jax.data import open_feed, select, training_batch
address, process, placement = sys.argv[1], int(sys.argv[2]), sys.argv[3]
jax.distributed.initialize(address, num_processes=2, process_id=process)
mesh, split = parallel.make_mesh(), made_split()
assert mesh.size == 4 and len(jax.local_devices()) == 2
select = jax.jit(select)
with open_feed(split, placement=placement, batch_size=8, seed=5, mesh=mesh) as feed:
    for step in range(20):
        found = select(feed.resident, feed.send(step))
        wanted = jax.tree.map(
            lambda rows: rows[None], training_batch(split, step, batch_size=8, seed=5)
        )
        for name in ("image", "label", "mask", "index"):
            rows = getattr(found, name)
            assert rows.shape[1] == 8 and not rows.is_fully_addressable
            for shard in rows.addressable_shards:
                np.testing.assert_array_equal(shard.data, getattr(wanted, name)[shard.index])
print("same")
"""


@pytest.mark.parametrize("placement", ["device", "host"])
def test_two_processes_hold_the_parts_of_one_global_batch(placement: Placement):
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    environment = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _PROCESS, address, str(process), placement],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for process in range(2)
    ]
    for process in processes:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output
        assert "same" in output
