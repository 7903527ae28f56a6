"""Weights from any place to any other: run folders, safetensors and torch files."""

import dataclasses
from pathlib import Path

import jax

from gimefive_jax import interop
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.errors import InputError
from gimefive_jax.interop import Precision, Weights, find_weight_file, is_weight_file
from gimefive_jax.models import make_model
from gimefive_jax.models.cost import variable_shapes
from gimefive_jax.runs.restoring import restore_run
from gimefive_jax.training.experiment import with_categories
from gimefive_jax.training.new_run import write_run


def read_any(
    model: str | Path,
    *,
    name: str | None = None,
    image_size: int | None = None,
    key: str | None = None,
) -> Weights:
    """Reads weights from wherever they are.

    Args:
        model: A run folder (its best checkpoint), a checkpoint folder in it, a file or a shipped
            name.
        name: Architecture of a torch state dict, which does not say it.
        image_size: Side of the faces of a torch state dict, in pixels.
        key: Where in a torch file the state dict lies, keys joined by dots.

    Returns:
        The weights, with all that is needed to use them.

    Raises:
        InputError: There is no such model, it is damaged, or it contradicts the arguments.
    """
    if path := find_weight_file(model):
        return interop.read_weights(path, name=name, image_size=image_size, key=key)
    if key is not None:
        raise InputError(f"{model} has no keys to choose from; --key is for .pth and .pt files")
    weights = restore_run(model).weights
    config = weights.config
    if name is not None and name != config.model.name:
        raise InputError(f"{model} is a {config.model.name}, not a {name}")
    if image_size is not None and image_size != config.data.image_size:
        raise InputError(
            f"{model} is for faces of {config.data.image_size} pixels, not {image_size}; "
            "leave --image-size out"
        )
    return weights


def with_recipe(weights: Weights, config: ExperimentConfig) -> Weights:
    """The weights as those of `config`, for a run folder to train on from.

    Raises InputError unless its model is theirs; dropout rates, which no weight shows, may differ.
    """
    emotions = weights.config.model.category_names
    config = with_categories(config, emotions, of=weights.source or "the weights")
    ours, theirs = dataclasses.asdict(weights.config.model), dataclasses.asdict(config.model)
    for field, value in ours.items():
        if theirs[field] != value and not field.endswith("dropout_rate"):
            raise InputError(
                f"the config has model.{field} {theirs[field]!r}, and the weights have {value!r}; "
                "take a config of the same model"
            )
    wanted = variable_shapes(make_model(config.model), image_size=config.data.image_size)
    fits = jax.tree.map(lambda leaf, like: leaf.shape == like.shape, weights.variables, wanted)
    if not all(jax.tree.leaves(fits)):
        raise InputError(
            f"the config has faces of {config.data.image_size} pixels, and a {config.model.name} "
            f"for {weights.config.data.image_size} cannot take them; set data.image_size"
        )
    return dataclasses.replace(weights, config=config)


def write_any(target: Path, weights: Weights, *, precision: Precision = "float32") -> None:
    """Write `target`, a file by its suffix, else a run folder; what exists is not replaced."""
    if target.exists() or target.is_symlink():
        raise InputError(f"{target} exists already; name another file or remove it")
    if is_weight_file(target):
        interop.write_weights(target, weights, precision=precision)
        return
    if target.suffix and not target.suffix[1:].isdecimal():
        known = ", ".join(interop.WEIGHT_SUFFIXES)
        raise InputError(
            f"{target}: '{target.suffix}' is no kind of weights; a file ends in {known}, "
            "and a run folder has no suffix"
        )
    if precision != "float32":
        raise InputError(f"{target}: only .safetensors files are written in {precision}")
    interop.check_weights(weights, what=f"weights for {target}")
    write_run(target, weights)
