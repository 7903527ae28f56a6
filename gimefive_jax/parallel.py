"""Mesh and shardings: the only file that knows about devices."""

import ctypes
import sys
from typing import TypeVar

import jax
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from gimefive_jax.errors import InputError

Tree = TypeVar("Tree")
AXIS = "data"
# Names of glibc's malloc.h for what `keep_freed_memory` sets.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8


def make_mesh(num_devices: int | None = None) -> Mesh:
    """One axis, `data`, over all devices or the first `num_devices`."""
    keep_freed_memory()
    devices = jax.devices()[:num_devices]
    # Auto: jit propagates the shardings; make_mesh's default would ask for explicit ones.
    return jax.make_mesh((len(devices),), (AXIS,), axis_types=(AxisType.Auto,), devices=devices)


def rows(mesh: Mesh) -> NamedSharding:
    """Sharding that divides the leading axis over the devices."""
    return NamedSharding(mesh, PartitionSpec(AXIS))


def replicated(mesh: Mesh) -> NamedSharding:
    """Sharding that puts a whole copy on every device."""
    return NamedSharding(mesh, PartitionSpec())


def put_rows(tree: Tree, mesh: Mesh) -> Tree:
    """`tree` on the devices, its rows divided among them."""
    return jax.device_put(tree, rows(mesh))


def put_replicated(tree: Tree, mesh: Mesh) -> Tree:
    """`tree` on every device."""
    return jax.device_put(tree, replicated(mesh))


def check_batch_size(batch_size: int, mesh: Mesh) -> None:
    """Raise InputError unless the devices can share `batch_size` faces evenly."""
    if batch_size % mesh.size:
        raise InputError(f"batch_size {batch_size} must be a multiple of the {mesh.size} devices")


def round_up(batch_size: int, mesh: Mesh) -> int:
    """Smallest multiple of the number of devices that is at least `batch_size`."""
    return -(-batch_size // mesh.size) * mesh.size


def keep_freed_memory() -> None:
    """Let this process reuse the memory of one step in the next; glibc would return it between.

    On CPU every program's intermediates are one block, hundreds of megabytes in training: mapped
    anew for each step, its pages cost a fault each, up to a fifth of the step. Does nothing where
    there is no glibc. Threads that have allocated before keep their habits, so it has to come
    before jax starts its own.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return
    mallopt(_MMAP_THRESHOLD, 1 << 30)
    mallopt(_TRIM_THRESHOLD, (1 << 31) - 1)
    # Other arenas are bounded by 64 MiB, beyond which every allocation is mapped anew.
    mallopt(_ARENA_MAX, 1)
