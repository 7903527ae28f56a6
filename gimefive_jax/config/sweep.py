"""What a sweep tries: the schema of `configs/sweeps/`, values only."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Literal

from gimefive_jax.config.schema import ExperimentConfig
from gimefive_jax.errors import InputError

Value = bool | int | float | str
"""What a field of a config can be set to by a sweep."""


@dataclasses.dataclass(frozen=True)
class Range:
    """Numbers that a random search draws from: evenly, or evenly in their logarithm."""

    low: float
    high: float
    log: bool = False
    """Every factor of ten is drawn as often as every other."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise InputError(
                f"a range from {self.low} to {self.high} must rise between finite ends"
            )
        if self.log and self.low <= 0:
            raise InputError(f"a logarithmic range cannot begin at {self.low}; give a positive one")


@dataclasses.dataclass(frozen=True)
class SweepConfig:
    """Fields of an experiment with the values to try, each setting with every seed."""

    base: ExperimentConfig
    """The experiment whose fields are varied."""
    fields: Mapping[str, tuple[Value, ...] | Range]
    """Dotted names of fields, such as `optimizer.learning_rate`, with values or a range; without
    any the base alone is trained, with each seed."""
    search: Literal["grid", "random", "each"] = "grid"
    """`grid`: every combination of values; `each`: the base, then one field at a time;
    `random`: `num_settings` draws of all fields."""
    num_settings: int = 0
    """Settings that a random search draws."""
    seeds: tuple[int, ...] = (0,)
    """Each setting is trained once with each of them, in place of the base's seed."""
    draw_seed: int = 0
    """Seed of the draws of a random search."""

    def __post_init__(self) -> None:
        _check_seeds(self.seeds, self.draw_seed)
        _check_fields(self)
        if self.search == "random" and self.num_settings < 1:
            raise InputError(
                f"num_settings {self.num_settings} must be positive: the number of settings that "
                "a random search draws"
            )
        if self.search != "random" and self.num_settings:
            raise InputError(
                f"num_settings {self.num_settings} is for a random search; {self.search} takes "
                "every value"
            )


def _check_seeds(seeds: tuple[int, ...], draw_seed: int) -> None:
    if not seeds or len(set(seeds)) != len(seeds):
        raise InputError(f"seeds {seeds} must be one or more different numbers")
    if draw_seed < 0:
        raise InputError(f"draw_seed {draw_seed} must not be negative")


def _check_fields(sweep: SweepConfig) -> None:
    if sweep.search not in ("grid", "random", "each"):
        raise InputError(f"search {sweep.search!r} must be one of grid, random, each")
    for name, values in sweep.fields.items():
        if name == "seed":
            raise InputError("the field 'seed' is not varied; seeds says which are trained")
        if isinstance(values, Range):
            if sweep.search != "random":
                raise InputError(
                    f"{name}: a range is for a random search; {sweep.search} needs values"
                )
        elif not isinstance(values, tuple) or not values:
            raise InputError(f"{name} {values!r} must be a tuple of values, or a Range")
        elif len(set(map(repr, values))) != len(values):
            raise InputError(f"{name}: a value of {values} is given twice")
