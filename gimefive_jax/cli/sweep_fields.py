"""Fields to vary, from the words of a command: `optimizer.learning_rate=1e-2,1e-3`."""

import re
from collections.abc import Sequence

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig, Range, Value
from gimefive_jax.errors import InputError, nearest


def parse_fields(
    words: Sequence[str], base: ExperimentConfig, *, option: str
) -> dict[str, tuple[Value, ...] | Range]:
    """Values, or for `--random` also ranges, by dotted field; each word is `FIELD=...`."""
    known = configs.to_fields(base)
    fields: dict[str, tuple[Value, ...] | Range] = {}
    for word in words:
        name, equals, values = word.partition("=")
        if not equals or not values:
            raise InputError(f"{option} '{word}' must read FIELD=VALUE,VALUE")
        if name not in known:
            raise InputError(f"{option}: config has no field '{name}'{nearest(name, list(known))}")
        if name in fields:
            raise InputError(f"{option} names {name} twice; give its values in one place")
        place = f"{option} {name}"
        fields[name] = _parse_range(values, place=place) or tuple(
            _parse_value(value, known[name], place=place) for value in values.split(",")
        )
    return fields


def parse_seeds(word: str) -> tuple[int, ...]:
    """Seeds of `0,1,2`."""
    return tuple(int(_parse_value(part, 0, place="--seeds")) for part in word.split(","))


def _parse_range(text: str, *, place: str) -> Range | None:
    """Range of `LOW..HIGH` or `log:LOW..HIGH`; None for anything else."""
    match = re.fullmatch(r"(log:)?(.+?)\.\.(.+)", text)
    if match is None:
        return None
    low, high = (float(_parse_value(part, 0.0, place=place)) for part in match.groups()[1:])
    return Range(low, high, log=match[1] is not None)


def _parse_value(text: str, like: object, *, place: str) -> Value:
    """Value of the type of `like`."""
    if isinstance(like, bool):
        if text not in ("True", "False"):
            raise InputError(f"{place}: '{text}' must be True or False")
        return text == "True"
    if isinstance(like, str):
        return text
    if not isinstance(like, int | float):
        raise InputError(f"{place} holds several values in one; a sweep cannot vary it")
    try:
        return type(like)(text)
    except ValueError:
        kind = "a whole number" if isinstance(like, int) else "a number"
        raise InputError(f"{place}: '{text}' must be {kind}") from None
