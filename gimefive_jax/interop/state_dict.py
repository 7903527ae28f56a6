"""Torch state dicts as numpy arrays by name: weights from them, and them from weights."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import jax
import numpy as np
from jaxtyping import PyTree

from gimefive_jax.config import DataConfig, ExperimentConfig
from gimefive_jax.interop import torch_names
from gimefive_jax.interop.fit import as_count, as_float32, check_counter_names
from gimefive_jax.interop.recognition import recognise
from gimefive_jax.interop.weights import Weights
from gimefive_jax.models import find_architecture, make_model
from gimefive_jax.models.cost import variable_shapes


def weights_from_state(
    state: Mapping[str, np.ndarray],
    path: Path,
    *,
    name: str | None,
    image_size: int | None,
    source: str,
) -> Weights:
    """Makes weights of the tensors of a torch state dict.

    Args:
        state: Tensors by torch's names, with or without a common prefix.
        path: The file they are from, for messages.
        name: Architecture; by default the one whose names and shapes these are.
        image_size: Side of the faces in pixels; by default 64, unless the shapes tell.
        source: Where the numbers come from, in words.

    Returns:
        The weights, with notes on what was decided.

    Raises:
        InputError: These are not the tensors of one model, or the image size is one that no config
            may have or that the shapes contradict.
    """
    if image_size is not None:
        # Its rule is the config's own.
        ExperimentConfig(data=DataConfig(image_size=image_size))
    state = _strip(state)
    counters = {key: value for key, value in state.items() if key.endswith(torch_names.COUNTER)}
    tensors = {key: value for key, value in state.items() if key not in counters}
    shapes = {key: value.shape for key, value in tensors.items()}
    found = recognise(shapes, what=str(path), name=name, image_size=image_size)
    exact = as_float32(tensors, what=str(path))
    like = variable_shapes(make_model(found.model), image_size=found.image_size)
    notes = [found.note] if found.note else []
    if kinds := sorted({str(value.dtype) for value in tensors.values()} - {"float32"}):
        notes.append(f"{path} holds {', '.join(kinds)}; taken as float32")
    variables: dict[str, PyTree] = {
        collection: torch_names.from_torch(found.model.name, exact, like[collection])
        for collection in ("params", "batch_stats")
    }
    variant = "seven" if found.model.num_classes == 7 else "six"
    # A state dict says no names.
    model = dataclasses.replace(found.model, emotions=found.model.category_names)
    return Weights(
        config=ExperimentConfig(
            model=model, data=DataConfig(image_size=found.image_size, variant=variant)
        ),
        variables=variables,
        num_batches_tracked=_counted(
            found.model.name, counters, torch_names.norm_names(like["batch_stats"]), what=str(path)
        ),
        source=source,
        notes=tuple(notes),
    )


def state_of(weights: Weights) -> dict[str, np.ndarray]:
    """Returns the weights as a torch state dict of numpy arrays.

    Counters of norms are included where they are known.

    Raises:
        InputError: The architecture has no torch names.
    """
    name = weights.config.model.name
    return {
        **torch_names.to_torch(name, weights.variables),
        **torch_names.counters_to_torch(name, weights.num_batches_tracked),
    }


def check_weights(weights: Weights, *, what: str) -> None:
    """Checks the numbers of weights.

    Args:
        weights: The weights.
        what: Begins the message.

    Raises:
        InputError: One is NaN, infinite, or a negative variance.
    """
    name = weights.config.model.name
    if find_architecture(name).torch_names is None:
        leaves = jax.tree_util.tree_leaves_with_path(weights.variables)
        named = {
            jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves
        }
    else:
        named = torch_names.to_torch(name, weights.variables)
    as_float32(named, what=what)


def _counted(
    model: str, counters: Mapping[str, np.ndarray], norms: list[str], *, what: str
) -> dict[str, int]:
    known = torch_names.counters_to_torch(model, dict.fromkeys(norms, 0))
    check_counter_names(list(counters), list(known), what=what)
    for name, counter in counters.items():
        as_count(name, counter, what=what)
    return torch_names.counters_from_torch(model, counters, norms)


def _strip(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors without what wrappers put before every name, as `module.` or `backbone.`."""
    # Beside the tensors, torch's averages count themselves (`n_averaged`).
    stripped = {name: value for name, value in tensors.items() if "." in name or value.size > 1}
    while True:
        prefixes = {name.partition(".")[0] for name in stripped}
        # What is left must still be a layer and its tensor.
        if len(prefixes) != 1 or not all(name.count(".") > 1 for name in stripped):
            return stripped
        stripped = {name.partition(".")[2]: value for name, value in stripped.items()}
