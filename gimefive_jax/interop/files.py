"""Files of weights by their suffix."""

from pathlib import Path

from gimefive_jax.errors import InputError
from gimefive_jax.interop.safetensors_file import Precision, read_safetensors, write_safetensors
from gimefive_jax.interop.torch_file import read_torch, write_torch
from gimefive_jax.interop.weights import TORCH_SUFFIXES, Weights


def read_weights(
    path: Path, *, name: str | None = None, image_size: int | None = None, key: str | None = None
) -> Weights:
    """Reads weights from a file by its suffix: `.safetensors`, `.pth` or `.pt`.

    Args:
        path: The file.
        name: Architecture of a torch state dict, which does not say it; by default the one whose
            names and shapes these are.
        image_size: Side of the faces that a torch state dict was trained on, in pixels.
        key: Where in a torch file the state dict lies, keys joined by dots.

    Returns:
        The weights, with all that is needed to use them.

    Raises:
        InputError: There is anything else in the file, or it contradicts the arguments.
    """
    if path.suffix.lower() in TORCH_SUFFIXES:
        return read_torch(path, name=name, image_size=image_size, key=key)
    if key is not None:
        raise InputError(f"{path} has no keys to choose from; --key is for .pth and .pt files")
    return read_safetensors(path, name=name, image_size=image_size)


def write_weights(path: Path, weights: Weights, *, precision: Precision = "float32") -> None:
    """Writes a file by its suffix, whole or not at all.

    Args:
        path: Ends in `.safetensors`, `.pth` or `.pt`.
        weights: What is written.
        precision: Of the kernels; `float16` for `.safetensors` alone.

    Raises:
        InputError: The suffix does not take the precision, the architecture has no torch names
            for a torch file, a number is none that a weight can have, or the disk refuses.
    """
    if path.suffix.lower() in TORCH_SUFFIXES:
        if precision != "float32":
            raise InputError(f"{path}: only .safetensors files are written in {precision}")
        write_torch(path, weights)
    else:
        write_safetensors(path, weights, precision=precision)
