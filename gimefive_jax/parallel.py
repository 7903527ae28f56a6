"""Mesh and shardings: the only file that knows about devices."""

from typing import TypeVar

import jax
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from gimefive_jax.errors import InputError

Tree = TypeVar("Tree")
AXIS = "data"


def make_mesh(num_devices: int | None = None) -> Mesh:
    """One axis, `data`, over all devices or the first `num_devices`."""
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


def put_process_rows(tree: Tree, mesh: Mesh) -> Tree:
    """Global rows on the devices, of which `tree` holds this process's contiguous part."""
    if jax.process_count() == 1:
        return put_rows(tree, mesh)
    return jax.tree.map(lambda part: jax.make_array_from_process_local_data(rows(mesh), part), tree)


def put_replicated(tree: Tree, mesh: Mesh) -> Tree:
    """`tree` on every device."""
    return jax.device_put(tree, replicated(mesh))


def device_memory(mesh: Mesh) -> int | None:
    """Bytes that a program may use on each device; None where the device does not say."""
    statistics = mesh.local_devices[0].memory_stats()
    return None if statistics is None else statistics.get("bytes_limit")


def check_batch_size(batch_size: int, mesh: Mesh) -> None:
    """Raise InputError unless the devices can share `batch_size` faces evenly."""
    if batch_size % mesh.size:
        raise InputError(f"batch_size {batch_size} must be a multiple of the {mesh.size} devices")


def round_up(batch_size: int, mesh: Mesh) -> int:
    """Smallest multiple of the number of devices that is at least `batch_size`."""
    return -(-batch_size // mesh.size) * mesh.size
