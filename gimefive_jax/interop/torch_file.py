"""State dicts in `.pth` and `.pt` files. The only file that imports torch, and only when asked."""

import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from gimefive_jax import files
from gimefive_jax.config import DataConfig, ExperimentConfig
from gimefive_jax.errors import InputError
from gimefive_jax.interop import torch_names
from gimefive_jax.interop.fit import check_finite
from gimefive_jax.interop.recognition import recognise
from gimefive_jax.interop.weights import Weights
from gimefive_jax.models import make_model
from gimefive_jax.models.cost import variable_shapes

if TYPE_CHECKING:
    import torch

# Under these keys training scripts keep the state dict beside optimizer and epoch.
_WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "net")
# What DataParallel, torch.compile and Lightning put before every name.
_PREFIXES = ("module.", "_orig_mod.", "model.", "net.")


def import_torch(purpose: str) -> ModuleType:
    """The torch module; raises InputError saying what needs it and how to install it."""
    try:
        import torch
    except ImportError as error:
        raise InputError(
            f"{purpose} needs torch; pip install 'gimefive-jax[torch]' "
            "(a CPU build is enough), or convert the file to .safetensors where torch is"
        ) from error
    return torch


def read_torch(path: Path, *, name: str | None = None, image_size: int | None = None) -> Weights:
    """Weights from a state dict, bare or wrapped; the model is recognised, or named by `name`.

    `image_size` is the side of the faces it was trained on, 64 unless the shapes tell.
    Raises InputError for anything but the tensors of one model.
    """
    return weights_from_state(
        read_state(path), path, name=name, image_size=image_size, source=f"torch file {path.name}"
    )


def weights_from_state(
    state: Mapping[str, np.ndarray],
    path: Path,
    *,
    name: str | None,
    image_size: int | None,
    source: str,
) -> Weights:
    """Weights from the tensors of a state dict that was read from `path`."""
    counters = {key: value for key, value in state.items() if key.endswith(torch_names.COUNTER)}
    tensors = {key: value for key, value in state.items() if key not in counters}
    shapes = {key: value.shape for key, value in tensors.items()}
    found = recognise(shapes, what=str(path), name=name)
    check_finite(tensors, what=str(path))
    like = variable_shapes(make_model(found.model), image_size=found.image_size)
    notes = [found.note] if found.note else []
    if any(value.dtype != np.float32 for value in tensors.values()):
        kinds = sorted({str(value.dtype) for value in tensors.values()} - {"float32"})
        notes.append(f"{path} holds {', '.join(kinds)}; taken as float32")
    variables: dict[str, PyTree] = {
        collection: torch_names.from_torch(
            found.model.name,
            {key: value.astype(np.float32) for key, value in tensors.items()},
            like[collection],
        )
        for collection in ("params", "batch_stats")
    }
    return Weights(
        config=ExperimentConfig(
            model=found.model, data=DataConfig(image_size=image_size or found.image_size)
        ),
        variables=variables,
        num_batches_tracked=torch_names.counters_from_torch(
            found.model.name, counters, torch_names.norm_names(like["batch_stats"])
        ),
        source=source,
        notes=tuple(notes),
    )


def write_torch(path: Path, weights: Weights) -> None:
    """Write a state dict with the names of the paper's checkpoints, whole or not at all."""
    torch = import_torch(f"writing {path}")
    state = state_of(weights)
    with files.replacing(path) as partial:
        torch.save({key: torch.from_numpy(value) for key, value in state.items()}, partial)


def state_of(weights: Weights) -> dict[str, np.ndarray]:
    """State dict of the weights, counters included where they are known."""
    name = weights.config.model.name
    return {
        **torch_names.to_torch(name, weights.variables),
        **torch_names.counters_to_torch(name, weights.num_batches_tracked),
    }


def read_state(path: Path) -> dict[str, np.ndarray]:
    """Tensors by name, unwrapped and without prefixes; nothing in the file is run."""
    content = _load(path)
    tensors = _find_tensors(content, path)
    return {name: _to_numpy(tensor) for name, tensor in _strip(tensors).items()}


def _load(path: Path) -> object:
    torch = import_torch(f"reading {path}")
    if not path.is_file():
        raise InputError(f"no file {path}; check the path")
    try:
        with warnings.catch_warnings():
            # A TorchScript archive is warned about and then refused; the refusal is enough.
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(_refusal(path, str(error))) from error
    except PermissionError:
        raise
    # Depending on where the bytes end or turn wrong, torch raises any of these.
    except (
        RuntimeError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError,
        UnicodeDecodeError, OSError,
    ) as error:  # fmt: skip
        raise InputError(_damage(path, error)) from error


def _refusal(path: Path, text: str) -> str:
    named = re.search(r"GLOBAL (\S+)|class (\S+)", text)
    # Bytes that are no pickle at all meet an unknown operation too.
    if named is None and path.read_bytes()[:1] != b"\x80":
        return _damage(path, text)
    what = f" ({(named[1] or named[2]).strip('`.,')})" if named else ""
    return (
        f"{path} holds Python objects that would run code{what}, not tensors alone; "
        "save model.state_dict() instead"
    )


def _damage(path: Path, error: object) -> str:
    reason = re.split(r"[.\n]\s", str(error))[0].strip()
    # What unpickling raises for bytes of another format says nothing.
    reason = reason if " " in reason else "unknown format"
    return f"{path} is no torch file, or was cut off ({reason}); copy or download it again"


def _find_tensors(content: object, path: Path) -> dict[str, "torch.Tensor"]:
    torch = import_torch(f"reading {path}")
    places = [content]
    if isinstance(content, Mapping):
        places += [content[key] for key in _WRAPPERS if key in content]
    for place in places:
        if (
            isinstance(place, Mapping)
            and place
            and all(isinstance(value, torch.Tensor) for value in place.values())
        ):
            return {str(name): tensor for name, tensor in place.items()}
    raise InputError(
        f"{path} holds no state dict, bare or under {', '.join(_WRAPPERS)}; save model.state_dict()"
    )


def _strip(tensors: Mapping[str, "torch.Tensor"]) -> dict[str, "torch.Tensor"]:
    stripped = dict(tensors)
    while True:
        prefix = next((p for p in _PREFIXES if all(n.startswith(p) for n in stripped)), None)
        if prefix is None:
            return stripped
        stripped = {name.removeprefix(prefix): tensor for name, tensor in stripped.items()}


def _to_numpy(tensor: "torch.Tensor") -> np.ndarray:
    torch = import_torch("reading a torch file")
    tensor = tensor.detach().contiguous()
    if tensor.dtype == torch.bfloat16:
        # torch hands no bfloat16 to numpy, but the same bits as integers.
        bits: np.ndarray = tensor.view(torch.int16).numpy()
        return bits.view(jnp.bfloat16)
    array: np.ndarray = tensor.numpy()
    return array
