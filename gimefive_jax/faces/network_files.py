"""The face networks among the shipped files: float16 tensors named by their place in the tree."""

import functools
from pathlib import Path

import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict
from jaxtyping import Float, PyTree
from safetensors.numpy import load_file, save

from gimefive_jax.files import file_sha256
from gimefive_jax.interop.shipped import ASSETS
from gimefive_jax.interop.writing import with_ordered_header, write_bytes


def read_network(name: str) -> PyTree:
    """Reads the parameters of a shipped face network.

    Args:
      name: Such as `face_mesh`.

    Returns:
      float32 parameters in the tree of its module.
    """
    tensors = load_file(network_path(name))
    floats = {place: tensor.astype(np.float32) for place, tensor in tensors.items()}
    return unflatten_dict(floats, sep="/")


def write_network(
    parameters: PyTree, path: Path, *, source: str, source_sha256: str, licence: str
) -> None:
    """Writes the parameters of a face network, in half precision.

    Args:
      parameters: Tree of its module.
      path: The file; replaced where it is there.
      source: What it was converted from, kept in the file's metadata.
      source_sha256: Checksum of that file.
      licence: Under which it may be used.
    """
    halves: dict[str, Float[np.ndarray, "..."]] = {
        place: np.ascontiguousarray(leaf, np.float16)
        for place, leaf in sorted(flatten_dict(parameters, sep="/").items())
    }
    metadata = {"source": source, "source_sha256": source_sha256, "licence": licence}
    write_bytes(path, with_ordered_header(save(halves, metadata=metadata)))


@functools.cache
def network_sha256(name: str) -> str:
    """Computes the checksum of a shipped face network; what is cached of it is keyed by this."""
    return file_sha256(network_path(name))


def network_path(name: str) -> Path:
    """Gives the file of a shipped face network."""
    return ASSETS / "faces" / f"{name}.safetensors"
