"""Checks that a config fits the run folder and the data it is to be trained with."""

import flax.linen as nn

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig, FieldValue, ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.models.cost import variable_shapes
from gimefive_jax.models.own import check_output
from gimefive_jax.runs import RunFolder
from gimefive_jax.runs.run_log import num_epochs
from gimefive_jax.training.frozen import LayerRates

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
_NUM_EPOCHS = "training.num_epochs"
# Learning rates that follow from how long the run is to be.
_SCHEDULES_OF_LENGTH = ("cosine",)


def deciding_fields(config: ExperimentConfig) -> dict[str, FieldValue]:
    """Dotted fields with their values, without those that change no parameter of the result."""
    return {
        name: value
        for name, value in configs.to_fields(config).items()
        if name not in _FREE_FIELDS and not name.startswith(_FREE_PARTS)
    }


def check_same_experiment(config: ExperimentConfig, run: RunFolder) -> None:
    """Checks that a run can go on with these settings as if it had always had them.

    Args:
      config: The settings of this call.
      run: The run folder; one without a config passes.

    Raises:
      InputError: A field that decides the parameters differs. `training.num_epochs` may differ
        where the learning rate does not depend on it, but not be less than is trained already.
    """
    if not run.has_config:
        return
    before = deciding_fields(run.read_config())
    for name, value in deciding_fields(config).items():
        if before[name] == value:
            continue
        if name == _NUM_EPOCHS:
            _check_other_length(config, run, before[name])
            continue
        raise InputError(
            f"{run.path} holds a run with {name}={before[name]}, now it is {value}; "
            "give the same settings to go on, or another --workdir"
        )


def _check_other_length(config: ExperimentConfig, run: RunFolder, before: object) -> None:
    wanted, schedule = config.training.num_epochs, config.optimizer.schedule
    if schedule in _SCHEDULES_OF_LENGTH:
        raise InputError(
            f"{run.path} holds a run with {_NUM_EPOCHS}={before}, now it is {wanted}, and "
            f"optimizer.schedule={schedule} depends on it; give the same number to go on, or begin "
            f"another run from its weights: --init {run.path} with another --workdir"
        )
    trained = num_epochs(run.read_log())
    if wanted < trained:
        raise InputError(
            f"{run.path} has trained {trained} epochs, more than {_NUM_EPOCHS}={wanted}; give at "
            f"least {trained}, or another --workdir"
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


def with_categories(
    config: ExperimentConfig, emotions: tuple[str, ...], *, of: str
) -> ExperimentConfig:
    """Gives a config the number and the names of the categories of data or weights.

    Args:
      config: Its `model.num_classes` is replaced where it has the default, its `model.emotions`
        where they are empty.
      emotions: Names in label order.
      of: What has these categories, for messages.

    Returns:
      The config as it is trained and saved.

    Raises:
      InputError: If the config says another number, or other names or another order.
    """
    model = config.model
    if model.num_classes not in (ModelConfig().num_classes, len(emotions)):
        raise InputError(
            f"model.num_classes {model.num_classes} must equal the {len(emotions)} categories of "
            f"{of}; leave it out, and it does"
        )
    if model.emotions and model.emotions != emotions:
        raise InputError(
            f"model.emotions {', '.join(model.emotions)} must be the categories of {of} in "
            f"their order: {', '.join(emotions)}; leave them out of the config, and they are"
        )
    return configs.replace(config, {"model.num_classes": len(emotions), "model.emotions": emotions})


def check_image_size(config: ExperimentConfig, model: nn.Module) -> None:
    """Checks that `model` fits the config, computing shapes alone.

    Raises:
      InputError: A pool would have to halve an odd grid, the output is not the logits of these
        categories, or the config names layers that the model lacks.
    """
    check_output(
        model,
        name=config.model.name,
        num_classes=config.model.num_classes,
        image_size=config.data.image_size,
    )
    shapes = variable_shapes(model, image_size=config.data.image_size)
    LayerRates.of(config.optimizer).check(shapes["params"])
