"""Our weights in one `.safetensors` file: tensors, and metadata that says how to use them."""

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import jax
import numpy as np
from jaxtyping import PyTree
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from gimefive_jax.config import ExperimentConfig
from gimefive_jax.errors import InputError
from gimefive_jax.interop.fit import (
    as_count,
    as_float32,
    check_counter_names,
    check_names,
    check_shapes,
)
from gimefive_jax.interop.metadata import (
    describe_config,
    describe_scaling,
    read_config,
    read_scaling,
)
from gimefive_jax.interop.state_dict import weights_from_state
from gimefive_jax.interop.torch_names import COUNTER, norm_names
from gimefive_jax.interop.weights import Weights
from gimefive_jax.interop.writing import with_ordered_header, write_bytes
from gimefive_jax.models import make_model
from gimefive_jax.models.cost import variable_shapes
from gimefive_jax.models.own import check_trusted

FORMAT = "gimefive_jax"
FORMAT_VERSION = "1"
Precision = Literal["float32", "float16"]


def write_safetensors(path: Path, weights: Weights, *, precision: Precision = "float32") -> None:
    """Writes tensors and metadata, whole or not at all.

    Args:
        path: The file.
        weights: What is written.
        precision: `float16` halves the kernels, which are nearly all of a model, and keeps the rest
            exact.

    Raises:
        InputError: A number is none that a weight can have, or the file cannot be written.
    """
    tensors = _tensors(weights, precision, what=f"weights for {path}")
    metadata = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **describe_config(weights.config),
        "source": weights.source,
        "sha256": _digest(tensors),
        **describe_scaling(weights.scaling),
    }
    if weights.notice:
        metadata["notice"] = weights.notice
    # Not save_file: it makes the file with permissions of its own.
    write_bytes(path, with_ordered_header(save(tensors, metadata=metadata)))


def read_safetensors(
    path: Path, *, name: str | None = None, image_size: int | None = None
) -> Weights:
    """Reads weights from a file of ours, or from a torch state dict in the same format.

    A file that names a model of somebody's own imports nothing unless that is trusted, see
    `models.own.check_trusted`.

    Args:
        path: The file.
        name: Architecture of a torch state dict, or what a file of ours must hold.
        image_size: Side of the faces of a torch state dict, in pixels, or that of a file of ours.

    Returns:
        The weights, with the calibration and the notice of the file.

    Raises:
        InputError: The file is damaged, or is not what it says.
    """
    metadata, tensors = read_tensors(path)
    if metadata.get("format") != FORMAT:
        return weights_from_state(
            tensors, path, name=name, image_size=image_size, source=f"safetensors file {path.name}"
        )
    if (version := metadata.get("format_version")) != FORMAT_VERSION:
        raise InputError(
            f"{path} has format_version {version!r}, and this version of gimefive reads "
            f"{FORMAT_VERSION!r}; install the version that wrote it"
        )
    if _digest(tensors) != metadata.get("sha256"):
        raise InputError(f"{path} is damaged: its sha256 does not match; copy or download it again")
    config = read_config(path, metadata)
    if name != config.model.name:
        check_trusted(config.model.name, source=str(path))
    if name is not None and name != config.model.name:
        raise InputError(f"{path} holds a {config.model.name}, as it says itself, not a {name}")
    if image_size is not None and image_size != config.data.image_size:
        raise InputError(
            f"{path} is for faces of {config.data.image_size} pixels, as it says itself, "
            f"not {image_size}; leave --image-size out"
        )
    return dataclasses.replace(
        _ours(tensors, config, path, source=metadata.get("source", "")),
        scaling=read_scaling(path, metadata),
        notice=metadata.get("notice", ""),
    )


def _ours(
    tensors: Mapping[str, np.ndarray], config: ExperimentConfig, path: Path, *, source: str
) -> Weights:
    """Weights from the tensors of a file of ours whose metadata say `config`."""
    shapes = variable_shapes(make_model(config.model), image_size=config.data.image_size)
    counters = {key: value for key, value in tensors.items() if key.startswith(f"{COUNTER}/")}
    tensors = {key: value for key, value in tensors.items() if key not in counters}
    wanted = {key: tuple(leaf.shape) for key, leaf in _named(shapes).items()}
    what = f"{path} is no {config.model.name} of width {config.model.width:g}"
    check_names(tensors, list(wanted), what=what)
    check_shapes({key: value.shape for key, value in tensors.items()}, wanted, what=what)
    norms = {f"{COUNTER}/{norm}": norm for norm in norm_names(shapes["batch_stats"])}
    check_counter_names(list(counters), list(norms), what=what)
    return Weights(
        config=config,
        variables=_unnamed(as_float32(tensors, what=str(path)), shapes),
        num_batches_tracked={
            norms[key]: as_count(key, value, what=str(path)) for key, value in counters.items()
        },
        source=source,
    )


def read_tensors(path: Path) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Reads metadata and tensors as they lie in the file.

    Raises:
        InputError: There is no such file, or it is damaged.
    """
    if not path.is_file():
        raise InputError(f"no file {path}; check the path")
    try:
        with safe_open(path, framework="numpy") as file:
            return file.metadata() or {}, {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
    # A type of numbers that numpy has not, as float8.
    except (AttributeError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} holds numbers of a type that is not read ({error}); save it in float32"
        ) from error
    except (SafetensorError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            f"{path} is no safetensors file, or was cut off ({reason}); copy or download it again"
        ) from error


def _tensors(weights: Weights, precision: Precision, *, what: str) -> dict[str, np.ndarray]:
    tensors = as_float32(
        {key: np.asarray(leaf) for key, leaf in _named(weights.variables).items()}, what=what
    )
    if precision == "float16":
        tensors = {
            name: _halved(name, tensor, what=what) if tensor.ndim > 1 else tensor
            for name, tensor in tensors.items()
        }
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    for norm, count in weights.num_batches_tracked.items():
        tensors[f"{COUNTER}/{norm}"] = np.array(count, np.int64)
    return tensors


def _halved(name: str, kernel: np.ndarray, *, what: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        half = kernel.astype(np.float16)
    if not np.isfinite(half).all():
        raise InputError(
            f"{what}: {name} cannot be halved: it holds values beyond {np.finfo(np.float16).max:g},"
            " the largest float16; write it in float32"
        )
    return half


def _named(tree: PyTree) -> dict[str, np.ndarray]:
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves}


def _unnamed(tensors: Mapping[str, np.ndarray], like: PyTree) -> dict[str, PyTree]:
    leaves = [tensors[name] for name in _named(like)]
    return jax.tree.unflatten(jax.tree.structure(like), leaves)


def _digest(tensors: Mapping[str, np.ndarray]) -> str:
    hashed = hashlib.sha256()
    for name in sorted(tensors):
        tensor = np.ascontiguousarray(tensors[name])
        hashed.update(f"{name} {tensor.dtype} {tensor.shape} ".encode())
        hashed.update(tensor.tobytes())
    return hashed.hexdigest()
