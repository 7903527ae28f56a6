import dataclasses
import logging
from pathlib import Path

import numpy as np
import pytest

from gimefive_jax.config import DataConfig
from gimefive_jax.data import Split, open_split
from gimefive_jax.faces import of_split as module
from gimefive_jax.faces.mesh_landmarks import Landmarks
from gimefive_jax.faces.of_split import landmarks_folder, split_landmarks


@pytest.fixture(scope="module")
def split(data_directory: Path) -> Split:
    return open_split(DataConfig(name="drawn_faces", directory=str(data_directory)), "test")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of faces that the mesh was asked for."""
    asked: list[int] = []

    def found(images: np.ndarray, **_: object) -> Landmarks:
        asked.append(len(images))
        count = len(images)
        points = np.full((count, 68, 2), 7, np.float32)
        return Landmarks(points, np.arange(count) > 0, np.full(count, 0.5, np.float32))

    monkeypatch.setattr(module, "landmarks", found)
    return asked


def _without(split: Split) -> Split:
    return dataclasses.replace(split, extras={})


def test_landmarks_of_the_data_are_taken_as_they_are(split: Split, calls: list[int]):
    found = split_landmarks(split)
    np.testing.assert_array_equal(found.points, split.extras["landmarks"])
    assert found.found.all()
    assert not calls


def test_faces_without_landmarks_are_given_to_the_mesh(split: Split, calls: list[int]):
    points = split.extras["landmarks"].copy()
    points[:2] = np.nan
    found = split_landmarks(dataclasses.replace(split, extras={"landmarks": points}))
    assert (found.points[:2] == 7).all()
    np.testing.assert_array_equal(found.points[2:], points[2:])
    assert found.found.tolist() == [False] + [True] * (len(split) - 1)
    assert found.confidence[:3].tolist() == [0.5, 0.5, 1]


def test_five_landmarks_of_the_data_make_no_regions(split: Split, calls: list[int]):
    five = {"landmarks": split.extras["landmarks"][:, :5]}
    assert (split_landmarks(dataclasses.replace(split, extras=five)).points == 7).all()


def test_landmarks_are_found_once_and_kept(split: Split, calls: list[int], tmp_path: Path):
    first = split_landmarks(_without(split), folder=tmp_path)
    again = split_landmarks(_without(split), folder=tmp_path)
    assert calls == [len(split)]
    np.testing.assert_array_equal(first.points, again.points)
    np.testing.assert_array_equal(first.found, again.found)
    [kept] = tmp_path.glob("*.npz")
    assert split.digest[:32] in kept.name


def test_damaged_landmarks_are_found_again(split: Split, calls: list[int], tmp_path: Path):
    split_landmarks(_without(split), folder=tmp_path)
    [kept] = tmp_path.glob("*.npz")
    kept.write_bytes(kept.read_bytes()[:1000])
    split_landmarks(_without(split), folder=tmp_path)
    assert len(calls) == 2


def test_other_faces_have_other_landmarks(split: Split, calls: list[int], tmp_path: Path):
    split_landmarks(_without(split), folder=tmp_path)
    split_landmarks(dataclasses.replace(_without(split), digest="f" * 64), folder=tmp_path)
    assert len(calls) == 2


def test_a_folder_that_cannot_be_written_is_a_warning(
    split: Split, calls: list[int], tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING):
        found = split_landmarks(_without(split), folder=tmp_path / "file" / "landmarks")
    assert len(found.points) == len(split)
    assert "stay in memory" in caplog.text


def test_landmarks_lie_inside_the_prepared_set(data_directory: Path):
    data = DataConfig(name="drawn_faces", directory=str(data_directory))
    assert landmarks_folder(data).is_relative_to(data_directory)
