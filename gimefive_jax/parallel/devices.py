"""Mesh and shardings: the only file that knows about devices."""

import functools
import math
from collections.abc import Callable
from typing import TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from jaxtyping import PyTree

from gimefive_jax.errors import InputError

Tree = TypeVar("Tree")
AXIS = "data"
_SMALLEST_DIVIDED = 4096
# LLVM's level, by default 3. Products come from a library: a training step takes as long, and is
# compiled in half the time.
_LITTLE_OPTIMISED = {"xla_backend_optimization_level": 1}
_HARDLY_OPTIMISED = {**_LITTLE_OPTIMISED, "xla_llvm_disable_expensive_passes": True}


def make_mesh(num_devices: int | None = None) -> Mesh:
    """One axis, `data`, over all devices of all processes, or the first `num_devices`."""
    # Each process's devices side by side: its rows of a batch are then one contiguous part. An
    # all-reduce goes over all of them, so their order along the axis does not change its cost.
    devices = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))
    # Auto: jit propagates the shardings; the default of jax.make_mesh would ask for explicit ones.
    return Mesh(np.array(devices[:num_devices]), (AXIS,), axis_types=(AxisType.Auto,))


def rows(mesh: Mesh, *, axis: int = 0) -> NamedSharding:
    """Sharding that divides the leading axis, or another one, over the devices."""
    return NamedSharding(mesh, PartitionSpec(*[None] * axis, AXIS))


def replicated(mesh: Mesh) -> NamedSharding:
    """Sharding that puts a whole copy on every device."""
    return NamedSharding(mesh, PartitionSpec())


def put(tree: Tree, shardings: PyTree) -> Tree:
    """`tree`, which every process holds whole, on the devices as `shardings` say."""
    if jax.process_count() == 1:
        return jax.device_put(tree, shardings)

    # Not device_put: between processes it would compare every array with the others' first.
    def place(leaf: np.ndarray | jax.Array, sharding: NamedSharding) -> jax.Array:
        array = np.asarray(leaf)
        return jax.make_array_from_callback(array.shape, sharding, lambda index: array[index])

    return jax.tree.map(place, tree, shardings)


def put_rows(tree: Tree, mesh: Mesh) -> Tree:
    """`tree` on the devices, its rows divided among them; every process holds it whole."""
    return put(tree, jax.tree.map(lambda _: rows(mesh), tree))


def put_process_rows(tree: Tree, mesh: Mesh, *, axis: int = 0) -> Tree:
    """Global rows on the devices, of which `tree` holds this process's contiguous part."""
    sharding = rows(mesh, axis=axis)
    if jax.process_count() == 1:
        return jax.device_put(tree, sharding)
    return jax.tree.map(lambda part: jax.make_array_from_process_local_data(sharding, part), tree)


def put_replicated(tree: Tree, mesh: Mesh) -> Tree:
    """`tree` on every device, from the host or from however it is divided over the devices."""
    if jax.process_count() == 1:
        return jax.device_put(tree, replicated(mesh))
    if all(_spans_processes(leaf) for leaf in jax.tree.leaves(tree)):
        return _gatherer(mesh)(tree)
    return put(tree, jax.tree.map(lambda _: replicated(mesh), tree))


def fetch(tree: Tree) -> Tree:
    """Host copy of `tree`, whole on every process, however it is divided; all have to call it."""

    def copy(leaf: jax.Array) -> np.ndarray:
        if leaf.is_fully_addressable or leaf.is_fully_replicated:
            return jax.device_get(leaf)
        return multihost_utils.process_allgather(leaf, tiled=True)

    return jax.tree.map(copy, tree)


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


def run_once(make: Callable[[], Tree]) -> Tree:
    """What `make` gives, as one program; on CPU compiled for a short wait, not for a short run."""
    return jax.jit(make, compiler_options=_HARDLY_OPTIMISED if _is_cpu() else None)()


def compiler_options() -> dict[str, int] | None:
    """What the compiler of a training step may leave out on the devices here without a loss."""
    return _LITTLE_OPTIMISED if _is_cpu() else None


def _is_cpu() -> bool:
    return jax.default_backend() == "cpu"


def check_batch_size(batch_size: int, mesh: Mesh) -> None:
    """Raise InputError unless the devices can share `batch_size` faces evenly."""
    if batch_size % mesh.size:
        raise InputError(f"batch_size {batch_size} must be a multiple of the {mesh.size} devices")


def check_processes(mesh: Mesh) -> None:
    """Raise InputError unless every process brings equally many devices."""
    counts = np.bincount(
        [device.process_index for device in mesh.devices.flat], minlength=jax.process_count()
    )
    if len(set(counts.tolist())) > 1:
        raise InputError(
            f"the processes have {', '.join(map(str, counts))} devices; give each equally many, "
            "so that they can share a batch evenly"
        )


def round_up(batch_size: int, mesh: Mesh) -> int:
    """Smallest multiple of the number of devices that is at least `batch_size`."""
    return -(-batch_size // mesh.size) * mesh.size


def _spans_processes(leaf: object) -> bool:
    return isinstance(leaf, jax.Array) and not leaf.is_fully_addressable


# One program per mesh: a new function each time would be compiled each time.
@functools.lru_cache(maxsize=8)
def _gatherer(mesh: Mesh) -> Callable[[PyTree], PyTree]:
    return jax.jit(lambda tree: tree, out_shardings=replicated(mesh))
