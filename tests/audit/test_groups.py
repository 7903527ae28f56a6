import dataclasses

import numpy as np
import pytest

from data_prep.drawn_faces import draw_split
from gimefive_jax.audit.exclusions import list_exclusions
from gimefive_jax.audit.faces import Faces
from gimefive_jax.audit.near_duplicates import NearPairs, find_near_pairs
from gimefive_jax.data.names import FileNames
from tests.audit.copies import copy
from tests.audit.stacks import find_faults_in, make_faces


def _faces() -> Faces:
    """Face 1 equals face 0 and test face 6 mirrors them; faces 2 and 3 are equal."""
    train = np.stack([face.pixels for face in draw_split("train", 6, seed=7)])
    train[1], train[3] = train[0], train[2]
    test = copy(train[0], "mirrored")[None]
    return make_faces(train, test, train_labels=np.zeros(6), test_labels=np.zeros(1))


def test_near_group_lists_the_equal_copies_of_its_pictures() -> None:
    found = find_faults_in(_faces())
    [near] = found.near
    assert [member.face for member in near.members] == [0, 1, 6]
    assert all(member.mirrored for member in near.members)
    assert near.crosses
    assert not near.chained
    assert [[member.face for member in group.members] for group in found.equal] == [[0, 1], [2, 3]]


def test_pictures_connected_through_a_third_are_a_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = NearPairs(
        first=np.array([0, 2]),
        second=np.array([2, 4]),
        correlation=np.array([0.98, 0.99], np.float32),
        mirrored=np.array([True, False]),
    )
    monkeypatch.setattr("gimefive_jax.audit.audit.find_near_pairs", lambda *_, **__: pairs)
    [group] = find_faults_in(_faces()).near
    assert group.chained
    members = [(m.face, round(m.correlation, 2), m.mirrored) for m in group.members]
    # Face 1 equals face 0, and face 3 face 2, whose better pair is not the mirrored one.
    assert members == [
        (0, 0.98, True),
        (1, 0.98, True),
        (2, 0.99, False),
        (3, 0.99, False),
        (4, 0.99, False),
    ]


def test_faces_that_share_a_file_name_are_counted_instead_of_listed() -> None:
    faces = _faces()
    listed = list_exclusions(find_faults_in(faces))
    assert [one.file_name for one in listed.exclusions] == [f"train_{row}.png" for row in (0, 1, 3)]
    assert listed.num_ambiguous == 0
    train, test = faces.splits
    names = np.array([*train.file_names])
    # Whoever is looked for by this name might be the fifth face, with which nothing is wrong.
    names[4] = names[3]
    faces = dataclasses.replace(
        faces, splits=(dataclasses.replace(train, file_names=FileNames(names)), test)
    )
    listed = list_exclusions(find_faults_in(faces))
    assert [one.file_name for one in listed.exclusions] == ["train_0.png", "train_1.png"]
    assert listed.num_ambiguous == 1


def test_many_faces_are_told_how_long_it_takes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    faces = _faces()
    find_near_pairs(faces, np.arange(7))
    assert not caplog.messages
    monkeypatch.setattr("gimefive_jax.audit.near_duplicates._MANY", 5)
    find_near_pairs(faces, np.arange(7))
    assert "every pair of 7 faces is compared, which takes about 0 minutes" in caplog.text
