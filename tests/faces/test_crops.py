import numpy as np
import pytest
from PIL import Image

from gimefive_jax.errors import InputError
from gimefive_jax.faces.crops import crop_of, cut_face
from gimefive_jax.faces.found import FaceBox, FoundFace
from gimefive_jax.images import to_pixels
from tests.faces.photos import astronaut


def test_a_crop_is_square_and_moves_and_grows_with_the_face():
    keypoints = np.zeros((6, 2))
    one = crop_of(FoundFace(FaceBox(10.0, 20.0, 40.0, 50.0), 0.9, keypoints))
    twice = crop_of(FoundFace(FaceBox(120.0, 140.0, 80.0, 100.0), 0.9, keypoints))
    assert one.width == one.height
    assert (twice.left, twice.top) == pytest.approx((2 * one.left + 100, 2 * one.top + 100))
    assert twice.width == pytest.approx(2 * one.width)


def test_a_box_without_keypoints_is_its_own_crop():
    assert crop_of(FoundFace(FaceBox(10.0, 20.0, 40.0, 40.0), 1.0)) == FaceBox(
        10.0, 20.0, 40.0, 40.0
    )


def test_a_crop_of_whole_pixels_is_what_pil_cuts_and_resizes():
    photo = astronaut()
    cut = cut_face(photo, FaceBox(174.0, 75.0, 100.0, 100.0), 64)
    whole = Image.fromarray(photo).crop((174, 75, 274, 175))
    np.testing.assert_array_equal(cut, to_pixels(whole, 64))


def test_beyond_the_image_its_edge_is_repeated():
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    padded = np.pad(image, ((30, 30), (30, 30), (0, 0)), mode="edge")
    for left, top in ((-20.0, -10.0), (35.5, 25.25), (-3.5, 18.0)):
        within = cut_face(padded, FaceBox(left + 30.0, top + 30.0, 33.0, 33.0), 24)
        np.testing.assert_array_equal(cut_face(image, FaceBox(left, top, 33.0, 33.0), 24), within)


def test_half_a_pixel_is_not_rounded_away():
    ramp = np.tile(np.arange(0, 240, 4, dtype=np.uint8)[None, :, None], (60, 1, 3))
    cut = cut_face(ramp, FaceBox(10.5, 10.0, 40.0, 40.0), 40)
    np.testing.assert_array_equal(cut[:, 5:-5, 0], ramp[:40, 15:45, 0] + np.uint8(2))


@pytest.mark.parametrize(
    "crop",
    [
        FaceBox(0.0, 0.0, 0.0, 9.0),
        FaceBox(70.0, 0.0, 9.0, 9.0),
        FaceBox(0.0, -9.0, 9.0, 9.0),
        FaceBox(0.0, 0.0, 9.0, -1.0),
    ],
)
def test_a_crop_without_an_area_inside_the_image_is_refused(crop: FaceBox):
    with pytest.raises(InputError, match="60 x 40"):
        cut_face(np.zeros((40, 60, 3), np.uint8), crop, 24)
