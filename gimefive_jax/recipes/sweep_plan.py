"""Plans the trials of a sweep: their settings and names, and whether an earlier plan fits."""

import dataclasses
import hashlib
import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from gimefive_jax import config as configs
from gimefive_jax import files
from gimefive_jax.config import ExperimentConfig, FieldValue, Range, SweepConfig, Value
from gimefive_jax.errors import InputError, nearest
from gimefive_jax.training.experiment import deciding_fields

PLAN = "sweep.json"
_LONGEST_NAME = 120
# Where nearly all settings have been drawn, most draws repeat one.
_DRAWS_PER_SETTING = 100


@dataclasses.dataclass(frozen=True)
class Trial:
    """One run of a sweep."""

    setting: str
    """What differs from the base, in words that are a folder's name."""
    values: Mapping[str, FieldValue]
    """The same as dotted fields, without the seed."""
    config: ExperimentConfig

    @property
    def name(self) -> str:
        """Name of the run folder."""
        return f"{self.setting}-seed{self.config.seed}"


def plan_trials(sweep: SweepConfig) -> tuple[Trial, ...]:
    """Every setting with every seed, in the order in which they are trained.

    Raises InputError for a field or a value that the config does not take.
    """
    _check_fields(sweep)
    trials = []
    for values in _settings(sweep):
        setting = _name(values, sweep.base)
        for seed in sweep.seeds:
            config = configs.replace(sweep.base, {**values, "seed": seed})
            trials.append(Trial(setting, values, config))
    names = {trial.name for trial in trials}
    if len(names) != len(trials):
        raise InputError("two settings of the sweep are the same; give each value once")
    return tuple(trials)


def check_same_plan(trials: tuple[Trial, ...], out: Path) -> None:
    """Raise InputError if `out` holds a sweep with a trial that is none of `trials`.

    Trials may be added: more values, more seeds, more draws.
    """
    files.check_replaceable(out, marker=PLAN)
    path = out / PLAN
    if not path.is_file():
        return
    known = {trial.name: trial for trial in trials}
    for name, before in _read_plan(path).items():
        if name not in known:
            raise InputError(
                f"{out} holds a sweep with the trial {name}, which this one has not; give all "
                "that it had to go on or to add to it, or another --out"
            )
        now = deciding_fields(known[name].config)
        for field, value in deciding_fields(before).items():
            if now[field] != value:
                raise InputError(
                    f"{out} holds a sweep with {field}={value}, now it is {now[field]}; give the "
                    "same settings to go on, or another --out"
                )


def write_plan(sweep: SweepConfig, trials: tuple[Trial, ...], out: Path) -> None:
    """Write `sweep.json`, from which the trials can be had again."""
    files.write_json(
        out / PLAN,
        {
            "search": sweep.search,
            "fields": {
                name: dataclasses.asdict(values) if isinstance(values, Range) else values
                for name, values in sweep.fields.items()
            },
            "num_settings": sweep.num_settings,
            "seeds": sweep.seeds,
            "draw_seed": sweep.draw_seed,
            "base": configs.to_dict(sweep.base),
            "trials": {trial.name: {**trial.values, "seed": trial.config.seed} for trial in trials},
        },
    )


def _read_plan(path: Path) -> dict[str, ExperimentConfig]:
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
        base = configs.from_dict(plan["base"])
        return {name: configs.replace(base, values) for name, values in plan["trials"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is damaged ({error}); give another --out") from error


def _check_fields(sweep: SweepConfig) -> None:
    fields, deciding = configs.to_fields(sweep.base), deciding_fields(sweep.base)
    for name in sweep.fields:
        if name not in fields:
            raise InputError(f"config has no field '{name}'{nearest(name, list(fields))}")
        if name not in deciding:
            raise InputError(f"{name} changes no result, so there is nothing to choose; leave it")
        if name == "data.validation_split":
            raise InputError(f"{name} cannot be varied: settings are chosen on one split")
    validation_split = sweep.base.data.validation_split
    if "test" in validation_split.split("_"):
        raise InputError(
            f"data.validation_split '{validation_split}' is a test split: whoever chooses on it "
            "reports a score that is too high; give a part of train"
        )


def _settings(sweep: SweepConfig) -> Iterator[dict[str, FieldValue]]:
    """Values by field, as the config holds them."""
    if sweep.search == "random":
        yield from _draw_settings(sweep)
        return
    values = {
        name: tuple(found) for name, found in sweep.fields.items() if isinstance(found, tuple)
    }
    if sweep.search == "grid":
        for chosen in itertools.product(*values.values()):
            yield _convert(dict(zip(values, chosen, strict=True)), sweep.base)
        return
    yield {}
    base = configs.to_fields(sweep.base)
    for name, found in values.items():
        for value in found:
            setting = _convert({name: value}, sweep.base)
            if setting[name] != base[name]:
                yield setting


def _draw_settings(sweep: SweepConfig) -> Iterator[dict[str, FieldValue]]:
    base, seen = configs.to_fields(sweep.base), list[dict[str, FieldValue]]()
    for draw in range(sweep.num_settings * _DRAWS_PER_SETTING):
        # A generator per draw: more settings leave the first ones as they were.
        generator = np.random.default_rng([sweep.draw_seed, draw])
        values = {
            name: _draw(found, generator, whole=type(base[name]) is int)
            for name, found in sweep.fields.items()
        }
        setting = _convert(values, sweep.base)
        if setting not in seen:
            seen.append(setting)
            yield setting
        if len(seen) == sweep.num_settings:
            return
    raise InputError(
        f"a random search for {sweep.num_settings} settings found only {len(seen)} different "
        "ones; lower num_settings, or take a grid"
    )


def _draw(
    values: tuple[Value, ...] | Range, generator: np.random.Generator, *, whole: bool
) -> Value:
    if not isinstance(values, Range):
        return values[int(generator.integers(len(values)))]
    if whole and not values.log:
        return int(generator.integers(math.ceil(values.low), math.floor(values.high) + 1))
    ends = (
        (math.log(values.low), math.log(values.high)) if values.log else (values.low, values.high)
    )
    drawn = float(generator.uniform(*ends))
    drawn = math.exp(drawn) if values.log else drawn
    if whole:
        return round(drawn)
    # Three digits are enough to search with, and can be read and typed again.
    return min(max(float(f"{drawn:.3g}"), values.low), values.high)


def _convert(values: dict[str, Value], base: ExperimentConfig) -> dict[str, FieldValue]:
    fields = configs.to_fields(configs.replace(base, values))
    return {name: fields[name] for name in values}


def _name(values: Mapping[str, FieldValue], base: ExperimentConfig) -> str:
    """Words for `values`; a sum of them where they are too long or no part of a path."""
    if not values:
        return "base"
    lasts = [name.split(".")[-1] for name in configs.to_fields(base)]
    words = []
    for name, value in values.items():
        last = name.split(".")[-1]
        # Short where no other field of a config is called so, whatever this sweep varies.
        words.append(f"{last if lasts.count(last) == 1 else name}={_word(value)}")
    name = ",".join(words)
    if len(name) <= _LONGEST_NAME and re.fullmatch(r"[\w.,=+-]+", name, re.ASCII):
        return name
    return f"setting-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def _word(value: object) -> str:
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if not isinstance(value, float) or float(short) == value else repr(value)
