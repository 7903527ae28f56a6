"""Whether a config fits the run folder and the data it is to be trained with."""

import json
from pathlib import Path

import flax.linen as nn
import jax

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.data import Split
from gimefive_jax.errors import InputError
from gimefive_jax.models import blank_face
from gimefive_jax.runs import CHECKPOINTS, CONFIG
from gimefive_jax.training.environment import ENVIRONMENT

# What may differ when a run goes on: nothing that changes its parameters.
_FREE_FIELDS = (
    "training.max_minutes",
    "training.save_every_minutes",
    "training.tensorboard",
    "data.directory",
    "data.placement",
    "evaluation.batch_size",
)
_FREE_PARTS = ("explanation.",)


def deciding_fields(config: ExperimentConfig) -> dict[str, object]:
    """Dotted fields with their values, without those that change no parameter of the result."""
    return {
        name: value
        for name, value in configs.to_fields(config).items()
        if name not in _FREE_FIELDS and not name.startswith(_FREE_PARTS)
    }


def check_same_experiment(config: ExperimentConfig, folder: Path) -> None:
    """Raise InputError if `folder` holds a run whose parameters came about differently."""
    path = folder / CONFIG
    if not path.is_file():
        return
    before = deciding_fields(configs.read_config(path))
    for name, value in deciding_fields(config).items():
        if before[name] != value:
            raise InputError(
                f"{folder} holds a run with {name}={before[name]}, now it is {value}; "
                "give the same settings to go on, or another --workdir"
            )


def check_same_data(digests: dict[str, str], folder: Path) -> None:
    """Raise InputError if the run in `folder` was trained on other faces, by their sha256."""
    path = folder / ENVIRONMENT
    if not path.is_file() or not any((folder / CHECKPOINTS).glob("[0-9]*")):
        return
    try:
        before = json.loads(path.read_text(encoding="utf-8"))["data_sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged; move it away to go on unchecked") from error
    for split, digest in digests.items():
        if before.get(split) != digest:
            raise InputError(
                f"{folder} was trained on other faces than {split} holds now; prepare the data "
                "as it was to go on, or give another --workdir"
            )


def check_classes(config: ExperimentConfig, split: Split) -> None:
    """Raise InputError unless the model has a logit for each category of the data."""
    if len(split.emotions) != config.model.num_classes:
        raise InputError(
            f"model.num_classes {config.model.num_classes} must equal the "
            f"{len(split.emotions)} categories of {split.data_name}"
        )


def check_image_size(config: ExperimentConfig, model: nn.Module) -> None:
    """Raise InputError if a pool of `model` would have an odd grid to halve; computes nothing."""
    face = blank_face(model, image_size=config.data.image_size)
    jax.eval_shape(lambda face: model.init(jax.random.key(0), face, train=False), face)
