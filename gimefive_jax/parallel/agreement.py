"""Exchanges mistakes, decisions and states between processes; every process makes each call."""

import contextlib
import functools
import socket
from collections.abc import Callable, Iterator
from typing import TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh
from jaxtyping import Array, Int

from gimefive_jax.errors import InputError
from gimefive_jax.parallel.devices import put_process_rows, replicated

Tree = TypeVar("Tree")
_BYTES_OF_TEXT = 2048
# Sent at a time, so that a large state is never on the devices twice.
_BYTES_AT_A_TIME = 1 << 26


@contextlib.contextmanager
def mistakes_shared() -> Iterator[None]:
    """Raises a mistake that any process makes in the block on all of them, naming the process.

    Otherwise the others would wait for the one that has ended.

    Raises:
      InputError: A mistake of this process or of another.
      OSError: As it was raised in the block on this process.
    """
    mistake: InputError | OSError | None = None
    try:
        yield
    except (InputError, OSError) as error:
        if jax.process_count() == 1:
            raise
        mistake = error
    if jax.process_count() == 1:
        return
    texts = _texts("" if mistake is None else f"{socket.gethostname()}\n{mistake}")
    if not any(texts):
        return
    # What went wrong outside, such as a full disk, the command words better than we.
    if isinstance(mistake, OSError):
        raise mistake
    number = next(number for number, text in enumerate(texts) if text)
    host, text = texts[number].split("\n", maxsplit=1)
    if all(other.split("\n", maxsplit=1)[-1] == text for other in texts):
        raise InputError(text) from mistake
    raise InputError(f"process {number} on {host}: {text}") from mistake


def check_alike(text: str, *, mend: str) -> None:
    """Checks that all processes give the same text.

    Args:
      text: What has to be the same, in words.
      mend: What the user can do, in words.

    Raises:
      InputError: One differs; raised on all processes.
    """
    texts = _texts(text)
    for number, other in enumerate(texts):
        if other != texts[0]:
            raise InputError(f"process {number} has {other}, process 0 has {texts[0]}; {mend}")


def from_first(tree: Tree) -> Tree:
    """Sends the arrays of process 0 to all processes, bit for bit.

    Args:
      tree: Arrays; on other processes only their shapes and types count.

    Returns:
      Numpy arrays in the same structure; `tree` itself where there is one process.
    """
    if jax.process_count() == 1:
        return tree
    leaves, structure = jax.tree.flatten(tree)
    arrays = [np.asarray(leaf) for leaf in leaves]
    # As bytes: a broadcast is a sum with zeros, and would make 0.0 of -0.0.
    sent = np.frombuffer(b"".join(array.tobytes() for array in arrays), np.uint8)
    pieces = [
        np.asarray(multihost_utils.broadcast_one_to_all(sent[start : start + _BYTES_AT_A_TIME]))
        for start in range(0, len(sent), _BYTES_AT_A_TIME)
    ]
    received = np.concatenate(pieces).astype(np.uint8).tobytes()
    copies, start = [], 0
    for array in arrays:
        part = received[start : start + array.nbytes]
        copies.append(np.frombuffer(part, array.dtype).reshape(array.shape))
        start += array.nbytes
    return jax.tree.unflatten(structure, copies)


def largest(values: Int[np.ndarray, " value"], mesh: Mesh) -> Int[Array, " value"]:
    """Takes the largest of each value over all processes.

    Args:
      values: Of this process.
      mesh: Devices of all processes.

    Returns:
      An array on the devices; reading it waits for what they were given before.
    """
    local = len(mesh.local_devices)
    return _maximum(mesh)(put_process_rows(np.tile(values, (local, 1)), mesh))


@functools.lru_cache(maxsize=8)
def _maximum(mesh: Mesh) -> Callable[[Array | np.ndarray], Array]:
    return jax.jit(lambda rows: rows.max(axis=0), out_shardings=replicated(mesh))


def _texts(text: str) -> list[str]:
    """The text of each process, in their order, cut where it is too long."""
    data = np.frombuffer(text.encode()[:_BYTES_OF_TEXT].ljust(_BYTES_OF_TEXT, b"\0"), np.uint8)
    gathered = multihost_utils.process_allgather(data).reshape(-1, _BYTES_OF_TEXT)
    return [
        row.astype(np.uint8).tobytes().rstrip(b"\0").decode(errors="ignore") for row in gathered
    ]
