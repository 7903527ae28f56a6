"""Frozen dataclasses to JSON and back; who writes a file keeps its type and its reader."""

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from gimefive_jax.errors import InputError

Record = TypeVar("Record")
JsonObject = dict[str, object]
"""Named values as `json.dumps` takes them and `json.loads` gives them."""


def to_json(record: object) -> JsonObject:
    """Returns the fields of a dataclass as JSON values, in their order.

    Args:
      record: Instance of a dataclass of numbers, words, tuples, dictionaries and dataclasses.

    Returns:
      A dictionary that `json.dumps` takes and `from_json` reads.
    """
    if not dataclasses.is_dataclass(record) or isinstance(record, type):
        raise TypeError(f"{record!r} is no dataclass")
    return {field.name: _plain(getattr(record, field.name)) for field in dataclasses.fields(record)}


def from_json(kind: type[Record], values: object) -> Record:
    """Makes a dataclass of JSON values; what is missing gets its default, more is passed over.

    Args:
      kind: The dataclass.
      values: What `json.loads` gave.

    Returns:
      An instance of `kind`.

    Raises:
      ValueError: Names the field that is missing or of another type.
    """
    return typing.cast(Record, _convert(kind, values, ""))


def read_json(kind: type[Record], path: Path, *, mend: str) -> Record:
    """Reads a dataclass from a JSON file.

    Args:
      kind: The dataclass.
      path: The file.
      mend: What a user does about a damaged file, for the message.

    Returns:
      An instance of `kind`.

    Raises:
      InputError: If the file is not there or damaged; names the file and the field.
    """
    return parse_json(lambda values: from_json(kind, values), path, mend=mend)


def parse_json(parse: Callable[[object], Record], path: Path, *, mend: str) -> Record:
    """Reads a JSON file whose layout differs from the dataclass that it holds.

    Args:
      parse: Makes the dataclass of what `json.loads` gave; raises ValueError for damage.
      path: The file.
      mend: What a user does about a damaged file, for the message.

    Returns:
      What `parse` made.

    Raises:
      InputError: If the file is not there or damaged; names the file and the field.
    """
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise InputError(f"no file {path}; {mend}") from error
    except ValueError as error:
        raise InputError(f"{path} is a damaged file ({error}); {mend}") from error


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return to_json(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return value


def _convert(hint: object, value: object, name: str) -> object:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return _build(typing.cast(type, hint), value, name)
    if origin in (typing.Union, types.UnionType):
        return _first_that_fits(parts, value, name)
    if origin is tuple and isinstance(value, list):
        if len(parts) == 2 and parts[1] is Ellipsis:
            return tuple(_convert(parts[0], part, f"{name}[{i}]") for i, part in enumerate(value))
        if len(parts) == len(value):
            pairs = zip(parts, value, strict=True)
            return tuple(_convert(of, part, f"{name}[{i}]") for i, (of, part) in enumerate(pairs))
    if origin in (dict, Mapping) and isinstance(value, dict):
        return {key: _convert(parts[1], part, f"{name}.{key}") for key, part in value.items()}
    if origin is typing.Literal and value in parts:
        return value
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    # A bool is an int to Python, but not to a reader of JSON.
    is_plain = origin is None and isinstance(hint, type) and isinstance(value, hint)
    if is_plain and (hint in (bool, object) or not isinstance(value, bool)):
        return value
    wanted = getattr(hint, "__name__", str(hint)) if origin is None else str(hint)
    raise ValueError(f"{name or 'content'} must be {wanted}, not {str(value)[:60]!r}")


def _build(kind: type, value: object, name: str) -> object:
    if not isinstance(value, dict):
        raise ValueError(f"{name or 'content'} must hold named fields, not {str(value)[:60]!r}")
    hints, found = typing.get_type_hints(kind), {}
    for field in dataclasses.fields(kind):
        full_name = f"{name}.{field.name}".lstrip(".")
        if field.name in value:
            found[field.name] = _convert(hints[field.name], value[field.name], full_name)
        elif field.default is field.default_factory is dataclasses.MISSING:
            raise ValueError(f"{full_name} is missing")
    return kind(**found)


def _first_that_fits(choices: tuple[object, ...], value: object, name: str) -> object:
    error = ValueError(f"{name} has no type")
    for choice in choices:
        try:
            return _convert(choice, value, name)
        except ValueError as found:
            # The type is the message's matter, not that the value is not None.
            error = error if choice is types.NoneType else found
    raise error
