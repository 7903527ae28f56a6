"""What is stored beside the records of a prepared set, as JSON."""

import json
from pathlib import Path
from typing import TypedDict

from gimefive_jax.json_records import JsonObject

# Of the features on disk, as TFDS counts it.
VERSION = "1.0.0"


class IndexSplit(TypedDict):
    """A split that is a list of rows of another one."""

    of: str
    rows: list[int]


class Joined(TypedDict):
    """What an aggregate takes of a member."""

    left_out_of_test: int
    whole: bool
    """Whether the member's carved test trains."""


class Metadata(TypedDict):
    """Everything that a prepared set says of itself."""

    fingerprint: str
    source_name: str
    emotions: list[str]
    channels: int
    counts: dict[str, dict[str, int]]
    index_splits: dict[str, IndexSplit]
    order: dict[str, str]
    skipped: dict[str, str]
    num_skipped: int
    num_absent: int
    left_out: dict[str, int]
    excluded: int
    carved_test: bool
    vote_names: list[str]
    sources: dict[str, int]
    joined: dict[str, Joined]


def read_json(path: Path) -> JsonObject:
    """What a file of metadata holds; nothing where there is none or it is damaged."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
