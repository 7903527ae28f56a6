import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.json_records import from_json, read_json, to_json


@dataclasses.dataclass(frozen=True)
class Inner:
    low: float
    word: str | None


@dataclasses.dataclass(frozen=True)
class Outer:
    number: int
    inner: Inner
    by_name: Mapping[str, tuple[int, ...]]
    pair: tuple[float, float]
    kind: Literal["a", "b"]
    added_later: str = "default"


OUTER = Outer(3, Inner(0.1, None), {"x": (1, 2), "y": ()}, (0.0, 1 / 3), "b", "given")


def test_what_is_written_is_read():
    assert from_json(Outer, json.loads(json.dumps(to_json(OUTER)))) == OUTER


def test_the_fields_keep_their_order():
    assert list(to_json(OUTER)) == ["number", "inner", "by_name", "pair", "kind", "added_later"]


def test_older_files_lack_fields_and_newer_ones_have_more():
    values = {**to_json(OUTER), "from_the_future": 1}
    del values["added_later"]
    assert from_json(Outer, values) == dataclasses.replace(OUTER, added_later="default")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", True),
        ("number", 1.5),
        ("inner", []),
        ("inner", {"low": "x", "word": None}),
        ("inner", {"word": None}),
        ("by_name", {"x": ["1"]}),
        ("pair", [1.0]),
        ("kind", "c"),
    ],
)
def test_a_value_of_another_type_is_refused_by_its_name(field: str, value: object, tmp_path: Path):
    path = tmp_path / "outer.json"
    path.write_text(json.dumps({**to_json(OUTER), field: value}))
    with pytest.raises(InputError, match=rf"outer\.json.*{field}.*write it again"):
        read_json(Outer, path, mend="write it again")


@pytest.mark.parametrize("text", ["", "{", "[]", "3"])
def test_what_is_no_record_is_refused(text: str, tmp_path: Path):
    path = tmp_path / "outer.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"outer\.json"):
        read_json(Outer, path, mend="write it again")
