"""Our trees and PyTorch's state dicts: the names of each, and the order of their axes."""

import re
from collections.abc import Mapping

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


def torch_name(model: str, path: tuple[str, ...]) -> str:
    """Name in the state dict of the leaf at `path` below `params` or `batch_stats`."""
    *modules, leaf = path
    return f"{_module_name(model, '/'.join(modules))}.{_LEAVES[leaf]}"


def to_torch(model: str, variables: PyTree) -> dict[str, np.ndarray]:
    """`params` and `batch_stats` as a state dict of numpy arrays, without `num_batches_tracked`."""
    return {
        torch_name(model, path): _to_torch_axes(np.asarray(leaf))
        for collection in variables.values()
        for path, leaf in _leaves(collection)
    }


def from_torch(model: str, state: Mapping[str, np.ndarray], like: PyTree) -> PyTree:
    """Tree with the structure of `like`, a single collection, filled from `state`."""
    paths, structure = jax.tree_util.tree_flatten_with_path(like)
    names = [torch_name(model, tuple(key.key for key in path)) for path, _ in paths]
    return jax.tree.unflatten(structure, [_from_torch_axes(state[name]) for name in names])


def _module_name(model: str, name: str) -> str:
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


def _to_torch_axes(leaf: np.ndarray) -> np.ndarray:
    # HWIO -> OIHW, [in, out] -> [out, in].
    return np.array(np.transpose(leaf, (3, 2, 0, 1)) if leaf.ndim == 4 else leaf.T, order="C")


def _from_torch_axes(leaf: np.ndarray) -> np.ndarray:
    return np.array(np.transpose(leaf, (2, 3, 1, 0)) if leaf.ndim == 4 else leaf.T, order="C")


def _leaves(collection: PyTree) -> list[tuple[tuple[str, ...], object]]:
    found, _ = jax.tree_util.tree_flatten_with_path(collection)
    return [(tuple(key.key for key in path), leaf) for path, leaf in found]
