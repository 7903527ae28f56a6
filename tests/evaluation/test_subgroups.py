import dataclasses
import json

import numpy as np

from gimefive_jax.data import Split
from gimefive_jax.data.names import FileNames
from gimefive_jax.evaluation.subgroups import find_subgroups

ROWS: list[dict[str, str]] = [
    {"gender": "female", "age": "0-3", "valence": "0.1", "set": "a"},
    {"gender": "male", "age": "70+", "valence": "0.2", "set": "a"},
    {"gender": "female", "valence": "0.1", "set": "a"},
    {},
]
SPLIT = Split(
    name="test",
    data_name="made/six",
    images=np.zeros((4, 8, 8, 1), np.uint8),
    labels=np.zeros(4, np.int64),
    file_names=FileNames(np.array(list("abcd"))),
    emotions=("happiness", "fear"),
    digest="",
    extras={"attributes": np.array([json.dumps(row) if row else "" for row in ROWS]).astype("S")},
    index=np.arange(4),
)


def test_faces_are_grouped_by_the_words_that_the_set_has_for_them():
    found = find_subgroups(SPLIT)
    assert {
        name: {value: np.flatnonzero(rows).tolist() for value, rows in groups.items()}
        for name, groups in found.items()
    } == {"gender": {"female": [0, 2], "male": [1]}, "age": {"0-3": [0], "70+": [1]}}


def test_many_values_are_no_groups():
    rows = [json.dumps({"action_units": f"{i}:1"}) for i in range(4)]
    many = np.tile(np.array(rows).astype("S"), 4)
    assert "action_units" in find_subgroups(dataclasses.replace(SPLIT, extras={"attributes": many}))
    rows = [json.dumps({"action_units": f"{i}:1"}) for i in range(13)]
    many = np.array(rows).astype("S")
    assert find_subgroups(dataclasses.replace(SPLIT, extras={"attributes": many})) == {}


def test_a_set_without_attributes_has_no_groups():
    assert find_subgroups(dataclasses.replace(SPLIT, extras={})) == {}
