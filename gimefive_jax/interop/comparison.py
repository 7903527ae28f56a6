"""Our model beside a user's torch module, layer by layer, with the same weights and faces."""

import dataclasses
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import jax
import numpy as np
from jaxtyping import Float, PyTree

from gimefive_jax import preprocess
from gimefive_jax.errors import InputError, nearest
from gimefive_jax.interop.fit import check_names, check_shapes
from gimefive_jax.interop.state_dict import state_of
from gimefive_jax.interop.torch_file import import_torch
from gimefive_jax.interop.torch_names import COUNTER, torch_module
from gimefive_jax.interop.weights import Weights
from gimefive_jax.models import make_model

if TYPE_CHECKING:
    import torch

Grid = Float[np.ndarray, "..."]


@dataclasses.dataclass(frozen=True)
class LayerDifference:
    """How far the two outputs of a layer lie apart."""

    layer: str
    """Our name; `#2` at the second call of a layer that is called twice."""
    torch_module: str
    shape: tuple[int, ...]
    """Without the batch; channels last."""
    largest: float
    """Largest absolute difference."""
    relative: float
    """`largest` over the largest magnitude of torch's output."""


def load_module(file_and_class: str) -> "torch.nn.Module":
    """Makes a torch module from a class in a file of the user's, which is run.

    Args:
        file_and_class: `FILE.py:CLASS`; the class is called without arguments.

    Returns:
        The module.

    Raises:
        InputError: There is no such file or class, it fails, or it makes something else.
    """
    torch = import_torch("comparing with a torch module")
    file, _, name = file_and_class.rpartition(":")
    path = Path(file)
    if not file or not name.isidentifier() or path.suffix != ".py":
        raise InputError(f"--torch {file_and_class!r} must be FILE.py:CLASS")
    if not path.is_file():
        raise InputError(f"no file {path}; check the path")
    try:
        made = _make_from_file(path, name)
    except InputError:
        raise
    # Whatever a user's code raises is the user's to read.
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{file_and_class} cannot be made: {type(error).__name__}: {error}; "
            "the class must need no arguments"
        ) from error
    if not isinstance(made, torch.nn.Module):
        raise InputError(f"{file_and_class} made a {type(made).__name__}, not a torch.nn.Module")
    return made


def _make_from_file(path: Path, name: str) -> object:
    """Runs a Python file and calls what it names; `sys` is afterwards as it was."""
    # Not the bare stem, which may be the name of a module that the file itself imports.
    spec = importlib.util.spec_from_file_location(f"gimefive_check_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    folder, earlier = str(path.parent.absolute()), sys.modules.get(spec.name)
    # As if the file were run from its own folder: it may import its neighbours.
    sys.path.insert(0, folder)
    # Dataclasses look their annotations up in their module.
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
        make = getattr(module, name, None)
        if make is None:
            raise InputError(f"{path} has no '{name}'{nearest(name, _public_names(module))}")
        return make()
    finally:
        if folder in sys.path:
            sys.path.remove(folder)
        sys.modules.pop(spec.name, None)
        if earlier is not None:
            sys.modules[spec.name] = earlier


def compare(
    weights: Weights, module: "torch.nn.Module", *, num_faces: int = 8, seed: int = 0
) -> list[LayerDifference]:
    """Compares every convolution, norm and dense layer, then the probabilities.

    Both sides get the same weights and the same faces of random pixels, in evaluation mode.

    Args:
        weights: Of an architecture with torch names.
        module: The user's torch module, whose parameters are replaced.
        num_faces: How many faces are compared.
        seed: Seed of the faces' pixels.

    Returns:
        A difference for each call of a layer in the order of the network, the probabilities last.

    Raises:
        InputError: The weights are not the module's, or it fails on faces.
    """
    import_torch("comparing with a torch module")
    names = _layer_names(weights)
    _fill(module, weights)
    size = weights.config.data.image_size
    pixels = np.random.default_rng(seed).integers(0, 256, (num_faces, size, size, 1), np.uint8)
    faces = np.asarray(preprocess.to_input(pixels, channels=weights.config.model.input_channels))
    their_logits, theirs = _their_outputs(
        module, faces, list(names.values()), num_classes=weights.config.model.num_classes
    )
    our_logits, ours = _our_outputs(weights, faces, set(names))
    differences = []
    for layer, calls in ours.items():
        seen = theirs[names[layer]]
        if len(seen) != len(calls):
            raise InputError(
                f"{type(module).__name__} calls {names[layer]} {len(seen)} times for a face, and "
                f"{weights.config.model.name} {len(calls)} times; they are not the same model"
            )
        for number, (a, b) in enumerate(zip(calls, seen, strict=True), start=1):
            label = layer if number == 1 else f"{layer}#{number}"
            differences.append(_difference(label, names[layer], a, b))
    sides = (our_logits, their_logits)
    probabilities = (np.asarray(jax.nn.softmax(side, axis=-1)) for side in sides)
    differences.append(_difference("probabilities", "softmax", *probabilities))
    return differences


def _their_outputs(
    module: "torch.nn.Module", faces: np.ndarray, layers: Sequence[str], *, num_classes: int
) -> tuple[Grid, dict[str, list[Grid]]]:
    """Logits of the user's module, and the outputs of each layer by call."""
    import torch

    outputs: dict[str, list[Grid]] = {name: [] for name in layers}
    modules = dict(module.named_modules())
    for name in outputs:
        modules[name].register_forward_hook(
            lambda _, __, output, name=name: outputs[name].append(_channels_last(output))
        )
    num_faces, height, width, _ = faces.shape
    try:
        with torch.inference_mode():
            logits = module.eval()(
                torch.from_numpy(np.ascontiguousarray(faces.transpose(0, 3, 1, 2)))
            )
    # Whatever a user's code raises is the user's to read.
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{type(module).__name__} fails on float32 faces of {width} x {height} pixels: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(logits, torch.Tensor) or logits.shape != (num_faces, num_classes):
        raise InputError(f"{type(module).__name__} must return logits, one row for each face")
    return logits.numpy(), outputs


def _our_outputs(
    weights: Weights, faces: np.ndarray, layers: set[str]
) -> tuple[Grid, dict[str, list[Grid]]]:
    """Logits, and the outputs of each layer by call, in the order of the network."""
    model = make_model(weights.config.model)
    order: dict[str, list[Grid]] = {}

    def is_layer(module: object, _: str) -> bool:
        name = "/".join(getattr(module, "path", ()))
        if name in layers:
            order.setdefault(name, [])
        return name in layers

    with jax.default_matmul_precision("highest"):
        logits, state = jax.jit(
            lambda variables, face: model.apply(
                variables, face, train=False, capture_intermediates=is_layer,
                mutable=["intermediates"],
            )
        )(weights.variables, faces)  # fmt: skip
    for path, calls in _calls(cast(PyTree, state)["intermediates"]).items():
        order[path] = [np.asarray(output) for output in calls]
    return np.asarray(logits), order


def _calls(tree: PyTree, path: tuple[str, ...] = ()) -> dict[str, tuple[jax.Array, ...]]:
    found = {}
    for name, below in tree.items():
        if name == "__call__":
            found["/".join(path)] = below
        else:
            found.update(_calls(below, (*path, name)))
    return found


def _layer_names(weights: Weights) -> dict[str, str]:
    """Torch name by our name of every module with parameters."""
    paths = jax.tree_util.tree_leaves_with_path(weights.variables["params"])
    layers = dict.fromkeys("/".join(key.key for key in path[:-1]) for path, _ in paths)
    return {layer: torch_module(weights.config.model.name, layer) for layer in layers}


def _fill(module: "torch.nn.Module", weights: Weights) -> None:
    import torch

    state = state_of(weights)
    wanted = {
        name: tuple(value.shape)
        for name, value in module.state_dict().items()
        if not name.endswith(COUNTER)
    }
    tensors = {name: value for name, value in state.items() if not name.endswith(COUNTER)}
    what = f"the weights do not fit {type(module).__name__}"
    check_names(tensors, list(wanted), what=what)
    check_shapes({name: value.shape for name, value in tensors.items()}, wanted, what=what)
    # Without its counters, which a file may lack and eval mode does not ask.
    module.load_state_dict(
        {name: torch.from_numpy(value) for name, value in tensors.items()}, strict=False
    )


def _difference(layer: str, torch_module: str, ours: Grid, theirs: Grid) -> LayerDifference:
    if ours.shape != theirs.shape:
        raise InputError(
            f"{torch_module} gives {list(theirs.shape[1:])}, ours {list(ours.shape[1:])}; "
            "they are not the same model"
        )
    a, b = ours.astype(np.float64), theirs.astype(np.float64)
    largest = float(np.abs(a - b).max())
    relative = largest / max(float(np.abs(b).max()), 1e-30)
    return LayerDifference(layer, torch_module, ours.shape[1:], largest, relative)


def _channels_last(output: "torch.Tensor") -> Grid:
    array = output.detach().numpy().copy()
    return array.transpose(0, 2, 3, 1) if array.ndim == 4 else array


def _public_names(module: object) -> list[str]:
    return [name for name in vars(module) if not name.startswith("_")]
