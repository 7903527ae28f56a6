"""Whether a config fits the run folder and the data it is to be trained with."""

import flax.linen as nn

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.data import Split
from gimefive_jax.errors import InputError
from gimefive_jax.models.own import check_output
from gimefive_jax.runs import RunFolder

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


def check_same_experiment(config: ExperimentConfig, run: RunFolder) -> None:
    """Raise InputError if the folder holds a run whose parameters came about differently."""
    if not run.has_config:
        return
    before = deciding_fields(run.read_config())
    for name, value in deciding_fields(config).items():
        if before[name] != value:
            raise InputError(
                f"{run.path} holds a run with {name}={before[name]}, now it is {value}; "
                "give the same settings to go on, or another --workdir"
            )


def check_same_data(digests: dict[str, str], run: RunFolder) -> None:
    """Raise InputError if the run was trained on other faces, by their sha256."""
    environment = run.read_environment() if run.has_checkpoint else None
    if environment is None:
        return
    for split, digest in digests.items():
        if environment.data_sha256.get(split) != digest:
            raise InputError(
                f"{run.path} was trained on other faces than {split} holds now; prepare the data "
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
    """Raise InputError if a pool of `model` would have an odd grid to halve, or if it gives no
    logits of these categories; computes nothing."""
    check_output(
        model,
        name=config.model.name,
        num_classes=config.model.num_classes,
        image_size=config.data.image_size,
    )
