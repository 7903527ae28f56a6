"""Files of weights by their suffix."""

from pathlib import Path

from gimefive_jax.errors import InputError
from gimefive_jax.interop.safetensors_file import Precision, read_safetensors, write_safetensors
from gimefive_jax.interop.torch_file import read_torch, write_torch
from gimefive_jax.interop.weights import TORCH_SUFFIXES, Weights


def read_weights(path: Path, *, name: str | None = None, image_size: int | None = None) -> Weights:
    """Weights from a `.safetensors`, `.pth` or `.pt` file.

    `name` and `image_size` say what a torch state dict does not say itself: which row of the
    registry it is, and the side of the faces. Raises InputError for anything else in the file.
    """
    read = read_torch if path.suffix.lower() in TORCH_SUFFIXES else read_safetensors
    return read(path, name=name, image_size=image_size)


def write_weights(path: Path, weights: Weights, *, precision: Precision = "float32") -> None:
    """Write a `.safetensors`, `.pth` or `.pt` file, whole or not at all."""
    if path.suffix.lower() in TORCH_SUFFIXES:
        if precision != "float32":
            raise InputError(f"{path}: only .safetensors files are written in {precision}")
        write_torch(path, weights)
    else:
        write_safetensors(path, weights, precision=precision)
