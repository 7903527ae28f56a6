from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gimefive_jax
from gimefive_jax.errors import InputError
from gimefive_jax.faces.found import FaceBox, FoundFace
from gimefive_jax.predicting import read_photos


@pytest.mark.parametrize("one_face", [False, True])
def test_photos_of_every_form_are_read_alike(one_face: bool, tiny_run: Path, tmp_path: Path):
    classifier = gimefive_jax.load(tiny_run)
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    boxes = [FaceBox(5.0, 5.0, 30.0, 30.0), FaceBox(20.0, 10.0, 40.0, 40.0)]
    photos = [tmp_path / "photo.png", Image.fromarray(pixels), pixels]
    found = read_photos(
        classifier,
        photos,
        detector=lambda images: [tuple(FoundFace(box, 0.9) for box in boxes)] * len(images),
        one_face=one_face,
    )
    for faces in found:
        assert [face.box for face in faces] == boxes[one_face:]
        np.testing.assert_array_equal(faces[-1].pixels, found[0][-1].pixels)
    assert len(found) == 3


def test_what_is_no_photo_is_refused(tiny_run: Path):
    with pytest.raises(InputError, match="no images given"):
        read_photos(gimefive_jax.load(tiny_run), [])
