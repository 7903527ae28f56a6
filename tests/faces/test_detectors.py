import io

import numpy as np
import pytest
from PIL import ExifTags, Image

from gimefive_jax import images
from gimefive_jax.errors import InputError
from gimefive_jax.faces.detectors import make_detector
from gimefive_jax.faces.found import FaceBox, FaceDetector
from tests.faces.photos import FACE, Photo, astronaut, moved, on_ground, resized


@pytest.fixture(scope="module")
def find_faces() -> FaceDetector:
    return make_detector()


def _check(find_faces: FaceDetector, image: Photo, *marked: FaceBox) -> None:
    """As many faces are found as are marked, each at one of the marks."""
    [found] = find_faces([image])
    assert len(found) == len(marked)
    for mark in marked:
        assert max(face.box.overlap(mark) for face in found) >= 0.5
    assert [face.score for face in found] == sorted((face.score for face in found), reverse=True)


def test_the_face_of_a_portrait_is_found(find_faces: FaceDetector):
    _check(find_faces, astronaut(), FACE)


def test_eyes_nose_mouth_and_ears_of_a_found_face_lie_where_they_are(find_faces: FaceDetector):
    [[face]] = find_faces([astronaut()])
    marked = [[201, 101], [248, 104], [222, 124], [222, 143], [179, 112], [269, 118]]
    np.testing.assert_allclose(face.keypoints, marked, atol=12)


def test_a_phone_photo_is_searched_upright(find_faces: FaceDetector):
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    turned = Image.fromarray(astronaut()).transpose(Image.Transpose.ROTATE_90)
    turned.save(buffer, format="JPEG", exif=exif, quality=95)
    _check(find_faces, np.asarray(images.decode(buffer.getvalue())), FACE)


def test_four_photos_in_a_mosaic_are_four_faces(find_faces: FaceDetector):
    photo = astronaut()
    row = np.concatenate([photo, photo[:, ::-1]], axis=1)
    mirrored = FaceBox(512 - FACE.left - FACE.width, FACE.top, FACE.width, FACE.height)
    marked = [moved(FACE), moved(mirrored, left=512)]
    marked += [moved(box, top=512) for box in marked]
    _check(find_faces, np.concatenate([row, row]), *marked)


def test_noise_grey_and_a_drawing_of_lines_hold_no_face(find_faces: FaceDetector):
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    grey = np.full((720, 1280, 3), 128, np.uint8)
    lines = np.zeros((480, 640, 3), np.uint8)
    lines[::16] = 255
    assert sum(map(len, find_faces([noise, grey, lines]))) == 0


def test_images_of_many_sizes_are_searched_at_once_and_alike(find_faces: FaceDetector):
    photo = astronaut()
    shown = [photo, photo[:400, :300], np.zeros((9, 7, 3), np.uint8), resized(photo, 0.5)]
    together = find_faces(shown)
    for image, faces in zip(shown, together, strict=True):
        [alone] = find_faces([image])
        assert [face.box.left for face in alone] == pytest.approx([f.box.left for f in faces])
    assert [len(faces) for faces in together] == [1, 1, 0, 1]
    assert find_faces([]) == []


def test_a_face_needs_the_score_that_is_asked_for():
    [[face]] = make_detector(min_score=0.5)([astronaut()])
    assert make_detector(min_score=min(face.score + 0.01, 1))([astronaut()])[0] == ()


def test_the_whole_image_is_one_face_where_nothing_is_to_be_looked_for():
    [[face]] = make_detector("none")([np.zeros((48, 64, 3), np.uint8)])
    assert face.box == FaceBox(0.0, 0.0, 64.0, 48.0)
    assert face.score == 1
    assert face.keypoints is None


def test_unknown_names_and_numbers_outside_their_range_are_refused():
    with pytest.raises(InputError, match=r"'hog'.*blazeface"):
        make_detector("hog")
    with pytest.raises(InputError, match=r"min_score 2"):
        make_detector(min_score=2.0)
    with pytest.raises(InputError, match=r"max_faces 0"):
        make_detector(max_faces=0)


def test_a_small_face_in_a_frame_of_4k_is_found_by_tiles_alone(find_faces: FaceDetector):
    frame = on_ground(astronaut(), (2160, 3840), left=2900, top=1500)
    _check(find_faces, frame, moved(FACE, left=2900.0, top=1500.0))
    assert len(make_detector(tiles=False)([frame])[0]) == 0


def test_a_face_that_fills_half_of_a_4k_frame_is_found_once(find_faces: FaceDetector):
    photo = resized(astronaut()[20:300, 90:370], 2160 / 280)
    frame = on_ground(photo, (2160, 3840), left=900, top=0)
    scale = 2160 / 280
    _check(find_faces, frame, moved(FACE, left=900 - 90 * scale, top=-20 * scale, scale=scale))


@pytest.mark.parametrize("name", ["coffee", "rocket", "chelsea"])
def test_photos_without_a_person_hold_no_face(find_faces: FaceDetector, name: str):
    photo = getattr(pytest.importorskip("skimage.data"), name)()
    assert sum(map(len, find_faces([photo, resized(photo, 3)]))) == 0
