"""Configs from dictionaries and `config.json`, with dotted fields replaced."""

import dataclasses
import json
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from gimefive_jax.config.schema import ExperimentConfig
from gimefive_jax.emotions import emotion_names
from gimefive_jax.errors import InputError, nearest
from gimefive_jax.json_records import JsonObject

FieldValue = str | int | float | bool | tuple[object, ...] | None
"""What a field of a config may hold."""
CONFIG_FILE = "config.json"
"""Name of the file in a run folder that holds its settings."""


def replace(config: ExperimentConfig, values: Mapping[str, object]) -> ExperimentConfig:
    """Replaces fields of a config.

    Args:
      config: Stays as it is.
      values: New values by dotted name, such as `{"model.width": 0.25}`.

    Returns:
      The new config.

    Raises:
      InputError: For an unknown field, or for a value that breaks its rule.

    Example:
      >>> replace(ExperimentConfig(), {"model.width": 0.25, "seed": 3}).model.width
      0.25
    """
    tree = to_dict(config)
    for name, value in values.items():
        *parents, last = name.split(".")
        node = tree
        for parent in parents:
            node = typing.cast(JsonObject, node.get(parent, {}))
        if last not in node:
            fields = list(to_fields(config))
            raise InputError(f"config has no field '{name}'{nearest(name, fields)}")
        node[last] = value
    return from_dict(tree)


def to_dict(config: ExperimentConfig) -> JsonObject:
    """Gives a config as a nested dictionary.

    Args:
      config: Any config.

    Returns:
      Plain values, as they are written to `config.json`.
    """
    return dataclasses.asdict(config)


def to_fields(config: ExperimentConfig) -> dict[str, FieldValue]:
    """Gives every field of a config by its dotted name.

    Args:
      config: Any config.

    Returns:
      Values such as `{"data.name": "fer2013", ...}`, in the order of the schema.
    """
    return _flatten(to_dict(config))


def from_dict(values: Mapping[str, object]) -> ExperimentConfig:
    """Makes a config from a nested dictionary; the inverse of `to_dict`.

    Args:
      values: May lack fields, which then have their defaults.

    Returns:
      The config.

    Raises:
      InputError: For an unknown field, or for a value of another type or that breaks its rule.
    """
    return _build(ExperimentConfig, values, prefix="")


def from_saved(values: Mapping[str, object]) -> ExperimentConfig:
    """Config that a run folder or a file of weights holds, of this version or an earlier one.

    Args:
      values: Nested dictionary as `to_dict` gives it. Earlier versions wrote the number of
        categories without their names: 6 are the paper's, 7 those and neutral.

    Returns:
      The config, with the names of its categories.

    Raises:
      InputError: For an unknown field or a wrong value.
    """
    config = from_dict(values)
    model = values.get("model")
    is_older = isinstance(model, Mapping) and "num_classes" in model and "emotions" not in model
    if not is_older:
        return config
    return replace(config, {"model.emotions": emotion_names(config.model.num_classes)})


def read_config(path: Path) -> ExperimentConfig:
    """Reads a config that was saved as `config.json`.

    Args:
      path: The file, of this version or an earlier one.

    Returns:
      The config, with the names of its categories where they were known.

    Raises:
      InputError: If the file cannot be read, or is no config.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not a readable config.json: {error}") from error
    if not isinstance(values, dict):
        raise InputError(f"{path} must hold a JSON object, as a run's config.json does")
    return from_saved(values)


def _build(schema: type, values: Mapping[str, object], *, prefix: str) -> typing.Any:
    hints = typing.get_type_hints(schema)
    for name in values:
        if name not in hints:
            raise InputError(f"config has no field '{prefix}{name}'{nearest(name, list(hints))}")
    arguments = {
        name: _convert(hints[name], value, name=prefix + name) for name, value in values.items()
    }
    return schema(**arguments)


def _convert(hint: typing.Any, value: object, *, name: str) -> object:
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return _build(typing.cast(type, hint), value, prefix=f"{name}.")
    origin = typing.get_origin(hint)
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(str(item) for item in value)
    if origin is Literal:
        choices = typing.get_args(hint)
        if value in choices:
            return value
        raise InputError(f"{name} {value!r} must be one of {', '.join(map(str, choices))}")
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is hint:
        return value
    wanted = hint.__name__ if isinstance(hint, type) else str(hint)
    raise InputError(f"{name} {value!r} must be of type {wanted}")


def _flatten(tree: JsonObject, prefix: str = "") -> dict[str, FieldValue]:
    fields: dict[str, FieldValue] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            fields.update(_flatten(value, f"{prefix}{name}."))
        else:
            fields[prefix + name] = typing.cast(FieldValue, value)
    return fields
