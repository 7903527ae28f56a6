from pathlib import Path

import numpy as np
import pytest

from data_prep.prepare import prepare
from gimefive_jax.config import DataConfig
from gimefive_jax.data import open_split
from tests.raw_affectnet import BOX, make_affectnet_faces, write_lists


def test_landmarks_are_in_pixels_of_the_face(data_directory: Path):
    def landmarks(size: int) -> np.ndarray:
        data = DataConfig(name="drawn_faces", directory=str(data_directory), image_size=size)
        return open_split(data, "test").extras["landmarks"]

    # They are drawn at 64 pixels.
    np.testing.assert_allclose(landmarks(32), landmarks(64) / 2, rtol=1e-6)
    assert 20 < landmarks(64)[:, 30].mean() < 44


@pytest.mark.parametrize("crop", ["box", "whole"])
def test_landmarks_move_with_the_box_that_is_cut_out(tmp_path: Path, crop: str):
    faces = make_affectnet_faces()
    write_lists(tmp_path / "raw", faces)
    prepare("affectnet", raw=tmp_path / "raw", data_dir=tmp_path)
    data = DataConfig(name="affectnet", directory=str(tmp_path), image_size=32, crop=crop)
    split = open_split(data, "test")
    by_name = {face.listed_path: face.landmarks() for face in faces}
    given = np.stack([by_name[name] for name in split.file_names])
    left, top, width, height = BOX if crop == "box" else (0, 0, 64, 64)
    expected = (given - [left, top]) * [32 / width, 32 / height]
    np.testing.assert_allclose(split.extras["landmarks"], expected, rtol=1e-5)
