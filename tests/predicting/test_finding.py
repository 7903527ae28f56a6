"""Image files among what a user names."""

import os
from pathlib import Path

import pytest
from PIL import Image

from gimefive_jax import predicting
from gimefive_jax.errors import InputError
from gimefive_jax.predicting.finding import may_be_a_whole_photo


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    Image.new("L", (30, 40), 128).save(tmp_path / "0.png")
    return [tmp_path / "0.png"]


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        ((48, 48), False),
        ((256, 256), False),
        ((257, 257), True),
        ((60, 100), True),
        ((100, 60), True),
    ],
)
def test_large_and_long_images_may_be_more_than_a_face(size: tuple[int, int], wanted: bool):
    assert may_be_a_whole_photo(size) == wanted


def test_what_is_passed_over_in_a_folder_is_listed(paths: list[Path], tmp_path: Path):
    folder = tmp_path / "folder"
    folder.mkdir()
    picture, link = folder / "a.png", folder / "link.png"
    picture.write_bytes(paths[0].read_bytes())
    link.symlink_to(picture)
    other = {folder / name for name in ("gone.png", "pipe.png", "pipe", "elsewhere")}
    (folder / "gone.png").symlink_to(folder / "nothing")
    os.mkfifo(folder / "pipe.png")
    os.mkfifo(folder / "pipe")
    (folder / "elsewhere").symlink_to(paths[0].parent)
    found = predicting.find_images([folder])
    assert found.paths == (picture, link)
    assert set(found.passed_over) == other


def test_nothing_that_is_missing_or_empty_is_searched(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    for named, fact in [([], "at least one"), (["no"], "no file"), (["empty"], "JPEG")]:
        with pytest.raises(InputError, match=fact):
            predicting.find_images([tmp_path / name for name in named])
