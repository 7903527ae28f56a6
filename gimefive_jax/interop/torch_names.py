"""Our trees and PyTorch's state dicts: the names of each, and the order of their axes."""

from collections.abc import Iterable, Mapping

import jax
import numpy as np
from jaxtyping import PyTree

from gimefive_jax.errors import InputError
from gimefive_jax.models import find_architecture
from gimefive_jax.models.architecture import TorchNames

_LEAVES = {
    "kernel": "weight",
    "scale": "weight",
    "bias": "bias",
    "mean": "running_mean",
    "var": "running_var",
    "code": "code",
}

COUNTER = "num_batches_tracked"
"""Leaf of a torch batch norm that counts its calls in training; ours has none."""


def torch_name(model: str, path: tuple[str, ...]) -> str:
    """Returns the name in the state dict of one of our tensors.

    Args:
        model: Name of an architecture with torch names.
        path: Of the tensor, below `params` or `batch_stats`.

    Example:
        >>> torch_name("gimefive", ("block1", "norm", "mean"))
        'bn1.running_mean'
    """
    *modules, leaf = path
    return f"{torch_module(model, '/'.join(modules))}.{_LEAVES[leaf]}"


def torch_shapes(model: str, shapes: PyTree) -> dict[str, tuple[int, ...]]:
    """Returns the shapes of the state dict, by name, of a model whose variables have `shapes`."""
    return {
        torch_name(model, path): tuple(leaf.shape[axis] for axis in _torch_axes(len(leaf.shape)))
        for collection in shapes.values()
        for path, leaf in _leaves(collection)
    }


def to_torch(model: str, variables: PyTree) -> dict[str, np.ndarray]:
    """Returns variables as a state dict of numpy arrays, without `num_batches_tracked`."""
    return {
        torch_name(model, path): _to_torch_axes(np.asarray(leaf))
        for collection in variables.values()
        for path, leaf in _leaves(collection)
    }


def counters_to_torch(model: str, counters: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Returns counters, given by our norms' names, as entries of a state dict."""
    return {
        f"{torch_module(model, norm)}.{COUNTER}": np.array(count, np.int64)
        for norm, count in counters.items()
    }


def counters_from_torch(
    model: str, state: Mapping[str, np.ndarray], norms: Iterable[str]
) -> dict[str, int]:
    """Returns the counters in a state dict by our norms' names; norms without one are left out."""
    names = {norm: f"{torch_module(model, norm)}.{COUNTER}" for norm in norms}
    return {norm: int(state[name]) for norm, name in names.items() if name in state}


def norm_names(batch_stats: PyTree) -> list[str]:
    """Returns the names of the batch norms in a `batch_stats` collection."""
    return list(dict.fromkeys("/".join(path[:-1]) for path, _ in _leaves(batch_stats)))


def from_torch(model: str, state: Mapping[str, np.ndarray], like: PyTree) -> PyTree:
    """Returns a collection filled from a state dict.

    Args:
        model: Name of an architecture with torch names.
        state: Tensors by torch's names.
        like: Tree whose structure the result has: `params` or `batch_stats`, or their shapes.
    """
    paths, structure = jax.tree_util.tree_flatten_with_path(like)
    names = [torch_name(model, tuple(key.key for key in path)) for path, _ in paths]
    return jax.tree.unflatten(structure, [_from_torch_axes(state[name]) for name in names])


def torch_module(model: str, name: str) -> str:
    """Returns the name in torch of our module `name`, such as `conv1` for `block1/conv`.

    Raises:
        InputError: The architecture has no torch names.
    """
    return names_of(model).of(name)


def names_of(model: str) -> TorchNames:
    """Returns how torch names the modules of an architecture.

    Args:
        model: Name of the architecture, as in a config.

    Raises:
        InputError: It has no torch names, because no PyTorch weights of it are known.
    """
    names = find_architecture(model).torch_names
    if names is None:
        raise InputError(
            f"{model} has no names for PyTorch's state dicts; read and write its weights as "
            ".safetensors or as a run folder"
        )
    return names


# HWIO -> OIHW, HWC -> CHW and [in, out] -> [out, in], and back.
_TORCH_AXES = {4: (3, 2, 0, 1), 3: (2, 0, 1), 2: (1, 0)}
_OUR_AXES = {4: (2, 3, 1, 0), 3: (1, 2, 0), 2: (1, 0)}


def _torch_axes(rank: int) -> tuple[int, ...]:
    return _TORCH_AXES.get(rank, tuple(range(rank)))


def _to_torch_axes(leaf: np.ndarray) -> np.ndarray:
    return np.array(np.transpose(leaf, _torch_axes(leaf.ndim)), order="C")


def _from_torch_axes(leaf: np.ndarray) -> np.ndarray:
    axes = _OUR_AXES.get(leaf.ndim, tuple(range(leaf.ndim)))
    return np.array(np.transpose(leaf, axes), order="C")


def _leaves(collection: PyTree) -> list[tuple[tuple[str, ...], jax.Array]]:
    found, _ = jax.tree_util.tree_flatten_with_path(collection)
    return [(tuple(key.key for key in path), leaf) for path, leaf in found]
