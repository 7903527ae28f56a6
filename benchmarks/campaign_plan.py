"""What the campaign trains, in order of importance, and how it shares its time."""

import dataclasses
from collections.abc import Mapping, Sequence

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig

RECIPES: Mapping[str, str] = {"paper": "gimefive_fer2013", "modern": "gimefive_fer2013_modern"}
RECIPE_WIDTH = 0.25
_SMALL = "gimefive_small_fer2013"
# The same recipe at the paper's size; it has more to learn with.
_FULL_CHANGES: Mapping[str, object] = {"model.width": 1.0, "training.num_epochs": 100}
# Everything as it is, but on drawn faces and in seconds.
_DRY_CHANGES: Mapping[str, object] = {
    "data.name": "drawn_faces",
    "data.image_size": 32,
    "model.width": 0.0625,
    "optimizer.warmup_epochs": 0.0,
    "training.batch_size": 16,
    "training.num_epochs": 2,
    "evaluation.batch_size": 16,
}


@dataclasses.dataclass(frozen=True)
class Trial:
    """One training run of the campaign, with its evaluations."""

    name: str
    """Also of its run folder."""
    group: str
    """Trials that differ only in their seed: a row of a table."""
    config: ExperimentConfig
    keeps_weights: bool
    """Whether its weights are a result, or only its numbers."""

    command: str
    """The same run as a user would type it, without the folders of this machine."""


@dataclasses.dataclass(frozen=True)
class Stage:
    """A part of the campaign; `speed` trains nothing."""

    name: str
    share: float
    """Of the time that is left when it begins, against the shares of those that follow."""
    trials: tuple[Trial, ...] = ()


@dataclasses.dataclass(frozen=True)
class Choices:
    """What the user may choose of all trials."""

    num_seeds: int = 3
    recipe_epochs: int | None = None
    """Of both recipes; None leaves 80 with early stopping and 30."""
    steps_per_dispatch: int = 1
    precision: str = "float32"
    dry: bool = False


def make_stages(choices: Choices) -> list[Stage]:
    """All stages, the most important first."""
    recipes = [
        trial
        for seed in range(choices.num_seeds)
        for recipe, config in RECIPES.items()
        for trial in _trials(recipe, config, _recipe_changes(choices), choices, seeds=[seed])
    ]
    seeds = range(choices.num_seeds)
    return [
        Stage("small", 3, _trials("small", _SMALL, {}, choices, seeds=seeds, keeps_weights=True)),
        Stage(
            "full",
            4,
            _trials("full", _SMALL, _FULL_CHANGES, choices, seeds=seeds, keeps_weights=True),
        ),
        Stage("recipes", 4, tuple(recipes)),
        Stage("speed", 4),
    ]


def allotments(minutes: float, shares: Sequence[float]) -> list[float]:
    """Minutes of each of several parts, by their shares; 0 is no limit to any."""
    return [minutes * share / sum(shares) for share in shares]


def _recipe_changes(choices: Choices) -> dict[str, object]:
    changes: dict[str, object] = {"model.width": RECIPE_WIDTH}
    if choices.recipe_epochs is not None:
        changes["training.num_epochs"] = choices.recipe_epochs
    return changes


def _trials(
    group: str,
    config_name: str,
    changes: Mapping[str, object],
    choices: Choices,
    *,
    seeds: Sequence[int],
    keeps_weights: bool = False,
) -> tuple[Trial, ...]:
    changes = {**changes, **_chosen(choices)}
    config = configs.replace(configs.load_config(config_name), changes)
    words = [f"gimefive train --config {config_name}"]
    words += [f"--config.{name}={value}" for name, value in changes.items()]
    return tuple(
        Trial(
            name=f"{group}-seed{seed}",
            group=group,
            config=configs.replace(config, {"seed": seed}),
            keeps_weights=keeps_weights,
            command=" ".join([*words, f"--config.seed={seed}"]),
        )
        for seed in seeds
    )


def _chosen(choices: Choices) -> dict[str, object]:
    """What is chosen for all trials, as far as it differs from every config."""
    changes: dict[str, object] = {}
    if choices.steps_per_dispatch != 1:
        changes["training.steps_per_dispatch"] = choices.steps_per_dispatch
    if choices.precision != "float32":
        changes["training.precision"] = choices.precision
    return {**changes, **(_DRY_CHANGES if choices.dry else {})}
