"""Mesh and shardings: the only file that knows about devices."""

import math
from typing import TypeVar

import jax
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from jaxtyping import PyTree

from gimefive_jax.errors import InputError

Tree = TypeVar("Tree")
AXIS = "data"
_SMALLEST_DIVIDED = 4096


def make_mesh(num_devices: int | None = None) -> Mesh:
    """One axis, `data`, over all devices or the first `num_devices`."""
    devices = jax.devices()[:num_devices]
    # Auto: jit propagates the shardings; make_mesh's default would ask for explicit ones.
    return jax.make_mesh((len(devices),), (AXIS,), axis_types=(AxisType.Auto,), devices=devices)


def rows(mesh: Mesh, *, axis: int = 0) -> NamedSharding:
    """Sharding that divides the leading axis, or another one, over the devices."""
    return NamedSharding(mesh, PartitionSpec(*[None] * axis, AXIS))


def replicated(mesh: Mesh) -> NamedSharding:
    """Sharding that puts a whole copy on every device."""
    return NamedSharding(mesh, PartitionSpec())


def put_rows(tree: Tree, mesh: Mesh) -> Tree:
    """`tree` on the devices, its rows divided among them."""
    return jax.device_put(tree, rows(mesh))


def put_process_rows(tree: Tree, mesh: Mesh, *, axis: int = 0) -> Tree:
    """Global rows on the devices, of which `tree` holds this process's contiguous part."""
    sharding = rows(mesh, axis=axis)
    if jax.process_count() == 1:
        return jax.device_put(tree, sharding)
    return jax.tree.map(lambda part: jax.make_array_from_process_local_data(sharding, part), tree)


def divide(tree: PyTree, mesh: Mesh) -> PyTree:
    """Sharding of each array of `tree`: its longest axis that the devices can share evenly.

    Small arrays, and those without such an axis, are copied: gathering them costs more than they
    take.
    """

    def sharding(leaf: jax.ShapeDtypeStruct | jax.Array) -> NamedSharding:
        fitting = [axis for axis, size in enumerate(leaf.shape) if size % mesh.size == 0]
        if math.prod(leaf.shape) < _SMALLEST_DIVIDED or not fitting:
            return replicated(mesh)
        return rows(mesh, axis=max(fitting, key=lambda axis: leaf.shape[axis]))

    return jax.tree.map(sharding, tree)


def keep_rows(tree: Tree, mesh: Mesh, *, axis: int = 0) -> Tree:
    """`tree` inside a program, its rows divided over the devices."""
    return jax.lax.with_sharding_constraint(tree, rows(mesh, axis=axis))


def put_replicated(tree: Tree, mesh: Mesh) -> Tree:
    """`tree` on every device."""
    return jax.device_put(tree, replicated(mesh))


def device_memory(mesh: Mesh) -> int | None:
    """Bytes that a program may use on each device; None where the device does not say."""
    statistics = mesh.local_devices[0].memory_stats()
    return None if statistics is None else statistics.get("bytes_limit")


def has_fast_loops(mesh: Mesh) -> bool:
    """Whether a loop inside a program costs nothing.

    Inside one, XLA's CPU backend computes convolutions on one thread without its fast kernels: a
    training step of half the paper's width took 11 s of processor time there, and 0.5 s outside.
    """
    return mesh.devices.flat[0].platform != "cpu"


def check_batch_size(batch_size: int, mesh: Mesh) -> None:
    """Raise InputError unless the devices can share `batch_size` faces evenly."""
    if batch_size % mesh.size:
        raise InputError(f"batch_size {batch_size} must be a multiple of the {mesh.size} devices")


def round_up(batch_size: int, mesh: Mesh) -> int:
    """Smallest multiple of the number of devices that is at least `batch_size`."""
    return -(-batch_size // mesh.size) * mesh.size
