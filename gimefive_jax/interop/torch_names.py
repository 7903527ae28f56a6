"""Our trees and PyTorch's state dicts: the names of each, and the order of their axes."""

import re
from collections.abc import Iterable, Mapping

import jax
import numpy as np
from jaxtyping import PyTree

_LEAVES = {
    "kernel": "weight",
    "scale": "weight",
    "bias": "bias",
    "mean": "running_mean",
    "var": "running_var",
}
_SQUEEZE_EXCITE = [(r"reduce", "fc.0"), (r"expand", "fc.2")]
_IN_RESIDUAL_BLOCK = [
    (r"conv(\d)", r"conv\1"),
    (r"norm(\d)", r"bn\1"),
    (r"shortcut_conv", "shortcut.0"),
    (r"shortcut_norm", "shortcut.1"),
]


COUNTER = "num_batches_tracked"
"""Leaf of a torch batch norm that counts its calls in training; ours has none."""


def torch_name(model: str, path: tuple[str, ...]) -> str:
    """Name in the state dict of the leaf at `path` below `params` or `batch_stats`.

    `model` is a name of the registry.
    """
    *modules, leaf = path
    return f"{torch_module(model, '/'.join(modules))}.{_LEAVES[leaf]}"


def torch_shapes(model: str, shapes: PyTree) -> dict[str, tuple[int, ...]]:
    """Shape by name of the state dict of a model whose variables have `shapes`."""
    return {
        torch_name(model, path): tuple(leaf.shape[axis] for axis in _torch_axes(len(leaf.shape)))
        for collection in shapes.values()
        for path, leaf in _leaves(collection)
    }


def to_torch(model: str, variables: PyTree) -> dict[str, np.ndarray]:
    """`params` and `batch_stats` as a state dict of numpy arrays, without `num_batches_tracked`."""
    return {
        torch_name(model, path): _to_torch_axes(np.asarray(leaf))
        for collection in variables.values()
        for path, leaf in _leaves(collection)
    }


def counters_to_torch(model: str, counters: Mapping[str, int]) -> dict[str, np.ndarray]:
    """`num_batches_tracked` by our norms' names as entries of a state dict."""
    return {
        f"{torch_module(model, norm)}.{COUNTER}": np.array(count, np.int64)
        for norm, count in counters.items()
    }


def counters_from_torch(
    model: str, state: Mapping[str, np.ndarray], norms: Iterable[str]
) -> dict[str, int]:
    """`num_batches_tracked` by our norms' names, of those norms whose counter is there."""
    names = {norm: f"{torch_module(model, norm)}.{COUNTER}" for norm in norms}
    return {norm: int(state[name]) for norm, name in names.items() if name in state}


def norm_names(batch_stats: PyTree) -> list[str]:
    """Names of the batch norms in a `batch_stats` collection."""
    return list(dict.fromkeys("/".join(path[:-1]) for path, _ in _leaves(batch_stats)))


def calls_per_step(model: str) -> int:
    """How often a step calls each batch norm: twice where a pair of convolutions shares it."""
    return 2 if model == "vgg" else 1


def from_torch(model: str, state: Mapping[str, np.ndarray], like: PyTree) -> PyTree:
    """Tree with the structure of `like`, a single collection, filled from `state`."""
    paths, structure = jax.tree_util.tree_flatten_with_path(like)
    names = [torch_name(model, tuple(key.key for key in path)) for path, _ in paths]
    return jax.tree.unflatten(structure, [_from_torch_axes(state[name]) for name in names])


def torch_module(model: str, name: str) -> str:
    """Name in torch of our module `name`, such as `conv1` for `block1/conv`."""
    for pattern, replacement in _patterns(model):
        if re.fullmatch(pattern, name):
            return re.sub(pattern, replacement, name)
    if model == "vgg" and (found := re.fullmatch(r"pair(\d)/conv(\d)", name)):
        pair, conv = map(int, found.groups())
        return f"conv{2 * pair - 2 + conv}"
    if model.startswith("resnet") and (found := re.match(r"stage(\d)_block(\d)/(.+)", name)):
        block = f"layer{found[1]}.{int(found[2]) - 1}"
        return next(
            f"{block}.{re.sub(pattern, replacement, found[3])}"
            for pattern, replacement in _IN_RESIDUAL_BLOCK
            if re.fullmatch(pattern, found[3])
        )
    raise KeyError(f"{model} has no torch name for {name}")


def _patterns(model: str) -> list[tuple[str, str]]:
    stem = [(r"stem/conv", "conv1"), (r"stem/norm", "bn1")]
    dense = [(r"dense(\d)", r"fc\1"), (r"logits", "fc3")]
    if model == "vgg":
        return [
            (r"pair(\d)/norm", r"bn\1"),
            (r"dense1", "classifier.0"),
            (r"dense2", "classifier.3"),
            (r"logits", "classifier.6"),
        ]
    if model.startswith("resnet"):
        return [*stem, (r"logits", "fc")]
    if model == "gimefive_residual":
        gate = [
            (f"stem/squeeze_excite/{ours}", f"se1.{theirs}") for ours, theirs in _SQUEEZE_EXCITE
        ]
        blocks = [
            (rf"block(\d)/{ours}", "res_block\\1." + theirs.replace("\\1", "\\2"))
            for ours, theirs in _IN_RESIDUAL_BLOCK
        ]
        return [*stem, *gate, *blocks, *dense]
    gate = [(f"block1/squeeze_excite/{ours}", f"se1.{theirs}") for ours, theirs in _SQUEEZE_EXCITE]
    return [(r"block(\d)/conv", r"conv\1"), (r"block(\d)/norm", r"bn\1"), *gate, *dense]


# HWIO -> OIHW and [in, out] -> [out, in], and back.
_TORCH_AXES = {4: (3, 2, 0, 1), 2: (1, 0)}
_OUR_AXES = {4: (2, 3, 1, 0), 2: (1, 0)}


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
