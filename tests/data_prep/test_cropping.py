"""Whole pictures become faces while they are prepared."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep.cropping import FaceCropper, crop_records
from data_prep.prepare import prepare_request
from data_prep.records import FaceRecord, SkippedImage, make_record
from data_prep.source import Request
from gimefive_jax.config import DataConfig
from gimefive_jax.data import open_split
from gimefive_jax.errors import InputError
from gimefive_jax.faces.crops import crop_of
from gimefive_jax.faces.detectors import make_detector
from gimefive_jax.images import Box, hash_pixels
from gimefive_jax.recipes.face_cropper import make_face_cropper
from tests.raw_folders import write_emotion_folders

BOX = Box(10, 5, 20, 24)


def _record(name: str, *, width: int = 40, box: Box | None = None) -> FaceRecord | SkippedImage:
    pixels = np.random.default_rng(width).integers(0, 256, (40, width), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    words = {"emotion": "fear", "source": "own", "usage": "", "part": "whole"}
    return make_record(file.getvalue(), file_name=name, box=box, **words)


def _records() -> Iterator[FaceRecord | SkippedImage]:
    yield _record("plain.png")
    yield _record("boxed.png", box=Box(0, 0, 9, 9))
    yield SkippedImage("torn.png", "torn")
    yield _record("empty.png", width=80)
    yield _record("beyond.png", width=25)


def test_faces_get_a_box_and_pictures_without_one_are_left_out():
    cropper = FaceCropper(lambda picture: None if picture.width == 80 else BOX, "stub")
    plain, boxed, torn, empty, beyond = crop_records(_records(), cropper)
    [whole] = [one for one in _records() if one.file_name == "plain.png"]
    assert isinstance(plain, FaceRecord)
    assert isinstance(whole, FaceRecord)
    assert (plain.image, plain.box) == (whole.image, BOX)
    with Image.open(io.BytesIO(whole.image)) as picture:
        assert plain.pixel_sha256 == hash_pixels(BOX.cut(picture))
    assert isinstance(boxed, FaceRecord)
    assert boxed.box == Box(0, 0, 9, 9)
    assert torn == SkippedImage("torn.png", "torn")
    assert isinstance(empty, SkippedImage)
    assert "empty.png: no face was found" in empty.reason
    assert isinstance(beyond, FaceRecord)
    assert beyond.box == Box(10, 5, 15, 24)


def test_a_set_is_prepared_anew_where_it_is_cropped_otherwise(tmp_path: Path):
    write_emotion_folders(tmp_path / "raw", per_folder=6)
    done = []
    for name in ("", "one", "one", "two"):
        cropper = FaceCropper(lambda picture: BOX, name) if name else None
        request = Request(name="folders", raw=tmp_path / "raw", cropper=cropper)
        done.append(prepare_request(request, data_dir=tmp_path / "sets").already_prepared)
    assert done == [False, False, True, False]
    config = DataConfig(name="folders", directory=str(tmp_path / "sets"), image_size=20)
    cropped = open_split(config, "train").images
    request = Request(name="folders", raw=tmp_path / "raw")
    prepare_request(request, data_dir=tmp_path / "sets")
    whole = open_split(config, "train").images
    assert cropped.shape == whole.shape
    assert (np.asarray(cropped) != np.asarray(whole)).any()


def test_sets_without_pictures_of_the_users_take_no_cropper(tmp_path: Path):
    request = Request(name="drawn_faces", cropper=FaceCropper(lambda picture: BOX, "stub"))
    with pytest.raises(InputError, match="leave --crop-faces out"):
        prepare_request(request, data_dir=tmp_path)


def test_the_cropper_cuts_what_predict_classifies():
    astronaut = pytest.importorskip("skimage.data").astronaut()
    cropper = make_face_cropper()
    box = cropper.find(Image.fromarray(astronaut))
    [[face]] = make_detector()([astronaut])
    crop = crop_of(face)
    assert box is not None
    np.testing.assert_allclose(
        (box.left, box.top, box.width, box.height),
        (crop.left, crop.top, crop.width, crop.height),
        atol=1,
    )
    assert cropper.find(Image.new("L", (300, 200), 128)) is None
