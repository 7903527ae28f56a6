"""Reads the weights that a run begins from, and the config that they need."""

import dataclasses
from collections.abc import Collection
from pathlib import Path

from gimefive_jax.config import ExperimentConfig, ModelConfig
from gimefive_jax.errors import InputError
from gimefive_jax.interop import Weights, find_weight_file, read_weights
from gimefive_jax.runs import RunFolder
from gimefive_jax.runs.restoring import restore_run

# What the tensors' shapes follow from. Categories are the data's, dropout rates the recipe's.
_FIELDS = ("name", "width", "depth", "input_channels", "squeeze_excite")


@dataclasses.dataclass(frozen=True)
class InitialWeights:
    """Weights to begin a run from, by the name that the user gave."""

    name: str
    weights: Weights

    @property
    def model_in_words(self) -> str:
        """Architecture and width, such as `gimefive, width 0.5`."""
        return in_words(self.weights.config.model)


def read_initial(model: str | Path) -> InitialWeights:
    """Reads weights to begin a run from.

    Args:
        model: A shipped name, a file of weights, a run folder (its best checkpoint), or a
            checkpoint folder in it.

    Returns:
        The weights, for `train(config, folder, init=...)`.

    Raises:
        InputError: There is no such model, or it is damaged.
    """
    file = find_weight_file(model)
    weights = read_weights(file) if file else restore_run(model).weights
    return InitialWeights(str(model), weights)


def with_model_of(
    config: ExperimentConfig, model: ModelConfig, *, given: Collection[str] = ()
) -> ExperimentConfig:
    """Returns the config with another's architecture.

    Args:
        config: The recipe. Its dropout rates and categories stay.
        model: Whose name, width, depth, input channels and squeeze-excite are taken.
        given: Fields of `config.model` that stay, because the user gave them.
    """
    taken = {field: getattr(model, field) for field in _FIELDS if field not in given}
    return dataclasses.replace(config, model=dataclasses.replace(config.model, **taken))


def config_to_begin(
    config: ExperimentConfig, run: RunFolder, model: str, *, given: Collection[str]
) -> tuple[ExperimentConfig, InitialWeights | None]:
    """Returns the config of a run that begins from weights, and the weights.

    Args:
        config: The recipe, as the user named it.
        run: Where the run goes. Where it has a checkpoint already, it goes on from there.
        model: The weights, as `read_initial` takes them.
        given: Fields of `config.model` that the user gave.

    Returns:
        The config with the architecture of the weights; the weights, None for a run that goes on.

    Raises:
        InputError: The weights cannot be read, or the run has begun otherwise.
    """
    if not run.has_checkpoint:
        initial = read_initial(model)
        return with_model_of(config, initial.weights.config.model, given=given), initial
    origin = run.read_origin()
    if origin is None or not origin.init or not _same(origin.init, model):
        begun = f"from {origin.init or origin.source}" if origin else "from random parameters"
        raise InputError(
            f"{run.path} holds a run that began {begun}, not from {model}; leave --init out to go "
            "on, or give another --workdir"
        )
    return with_model_of(config, run.read_config().model, given=given), None


def in_words(model: ModelConfig) -> str:
    """Returns architecture and width, such as `gimefive, width 0.5`."""
    return f"{model.name}, width {model.width:g}"


def _same(one: str, other: str) -> bool:
    return one == other or Path(one).absolute() == Path(other).absolute()
