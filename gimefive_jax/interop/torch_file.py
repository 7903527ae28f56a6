"""State dicts in `.pth` and `.pt` files. The only file that imports torch, and only when asked."""

import dataclasses
import io
import pickle
import re
import warnings
import zipfile
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np

from gimefive_jax.errors import InputError
from gimefive_jax.interop.fit import FLOATS, as_float32
from gimefive_jax.interop.state_dict import state_of, weights_from_state
from gimefive_jax.interop.torch_names import COUNTER
from gimefive_jax.interop.torch_places import find_place
from gimefive_jax.interop.weights import Weights
from gimefive_jax.interop.writing import write_bytes

if TYPE_CHECKING:
    import torch

# Of counters; which of them are fit is said later.
_INTEGERS = ("int64", "int32", "int16", "int8", "uint8")


def import_torch(purpose: str) -> ModuleType:
    """Imports torch, which is needed for torch's files alone.

    Args:
        purpose: What needs it, for the message.

    Raises:
        InputError: It is not installed; the line says how to.
    """
    try:
        import torch
    except ImportError as error:
        raise InputError(
            f"{purpose} needs torch; pip install 'gimefive-jax[torch]' "
            "(a CPU build is enough), or convert the file to .safetensors where torch is"
        ) from error
    return torch


def read_torch(
    path: Path, *, name: str | None = None, image_size: int | None = None, key: str | None = None
) -> Weights:
    """Reads weights from a state dict, bare or beside much else; nothing in the file is run.

    Args:
        path: A file that `torch.save` wrote.
        name: Architecture; by default the one whose names and shapes these are.
        image_size: Side of the faces it was trained on, in pixels; by default 64, unless the
            shapes tell.
        key: Where in the file the state dict lies, keys joined by dots; by default a bare one or
            that under a usual key.

    Returns:
        The weights, with notes on what was decided while reading.

    Raises:
        InputError: The file holds anything but the tensors of one model.
    """
    found = find_place(_load(path), path, key=key)
    tensors = found.place.tensors
    weights = weights_from_state(
        {each: _to_numpy(each, tensor, path) for each, tensor in tensors.items()},
        path,
        name=name,
        image_size=image_size,
        source=f"torch file {path.name}" + (f", {key}" if key else ""),
    )
    notes = [found.note] if found.note else []
    return dataclasses.replace(weights, notes=(*notes, *weights.notes))


def write_torch(path: Path, weights: Weights) -> None:
    """Writes a state dict with the names of the paper's checkpoints, whole or not at all.

    Args:
        path: The file.
        weights: Of an architecture with torch names.

    Raises:
        InputError: The architecture has no torch names, torch is missing, a number is none that a
            weight can have, or the file cannot be written.
    """
    # Before torch is asked for: to install it helps nobody whose model has no names there.
    state = state_of(weights)
    torch = import_torch(f"writing {path}")
    tensors = {key: value for key, value in state.items() if not key.endswith(COUNTER)}
    state.update(as_float32(tensors, what=f"weights for {path}"))
    # Into memory first: for a full disk torch raises errors of its own.
    content = io.BytesIO()
    torch.save({key: torch.from_numpy(value) for key, value in state.items()}, content)
    write_bytes(path, content.getvalue())


def _load(path: Path) -> object:
    torch = import_torch(f"reading {path}")
    if not path.is_file():
        raise InputError(f"no file {path}; check the path")
    if _is_torchscript(path):
        raise InputError(
            f"{path} is a TorchScript archive, a program with its weights (torch.jit.save), and no "
            "program is run here; save model.state_dict() instead"
        )
    try:
        with warnings.catch_warnings():
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


def _is_torchscript(path: Path) -> bool:
    """Whether the file is an archive with code, which `torch.save` never writes."""
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return False


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


def _to_numpy(name: str, tensor: "torch.Tensor", path: Path) -> np.ndarray:
    torch = import_torch("reading a torch file")
    kind = str(tensor.dtype).removeprefix("torch.")
    if (layout := _layout(tensor)) != "strided":
        raise InputError(f"{path}: {name} is a {layout} tensor; save the model's dense float32")
    if name.endswith(COUNTER) and kind not in (*FLOATS, *_INTEGERS):
        raise InputError(f"{path}: {name} is {kind}, and must be one whole number")
    if not name.endswith(COUNTER) and kind not in FLOATS:
        raise InputError(f"{path}: {name} holds {kind}, and must hold one of {', '.join(FLOATS)}")
    tensor = tensor.detach().contiguous()
    if tensor.dtype == torch.bfloat16:
        # torch hands no bfloat16 to numpy, but the same bits as integers.
        bits: np.ndarray = tensor.view(torch.int16).numpy()
        return bits.view(jnp.bfloat16)
    array: np.ndarray = tensor.numpy()
    return array


def _layout(tensor: "torch.Tensor") -> str:
    """`strided` where the tensor is a plain array of numbers."""
    kinds = {
        "meta": tensor.is_meta, "quantised": tensor.is_quantized, "nested": tensor.is_nested
    }  # fmt: skip
    found = next((kind for kind, holds in kinds.items() if holds), str(tensor.layout))
    return found.removeprefix("torch.")
