import numpy as np
import pytest
from PIL import Image

from gimefive_jax.faces.detectors import make_detector
from gimefive_jax.faces.found import FaceBox, FoundFace
from gimefive_jax.faces.image_landmarks import landmarks_of
from gimefive_jax.faces.squares import turn
from tests.faces.photos import FACE, astronaut, on_ground, resized


def _found(image: np.ndarray) -> tuple[FoundFace, ...]:
    [faces] = make_detector()([image])
    return faces


def test_landmarks_of_a_portrait_lie_on_its_face():
    photo = astronaut()
    [found] = landmarks_of([photo], [_found(photo)])
    assert found.found.tolist() == [True]
    [points] = found.points
    # Outer corners of the eyes, tip of the nose, corners of the mouth; marked by hand.
    marked = [[192, 102], [257, 106], [222, 124], [201, 139], [244, 141]]
    np.testing.assert_allclose(points[[36, 45, 30, 48, 54]], marked, atol=8)


def test_landmarks_turn_and_scale_with_the_photo():
    photo = astronaut()
    [upright] = landmarks_of([photo], [_found(photo)])
    tilt = np.deg2rad(25)
    turned = np.asarray(Image.fromarray(photo).rotate(-25, Image.Resampling.BICUBIC))
    half = resized(photo, 0.5)
    tilted, small = landmarks_of([turned, half], [_found(turned), _found(half)])
    apart = np.linalg.norm(upright.points[0, 36] - upright.points[0, 45])
    back = np.asarray(turn(tilted.points - 256, np.float32([-tilt]))) + 256
    assert np.linalg.norm(back - upright.points, axis=-1).mean() < 0.05 * apart
    assert np.linalg.norm(2 * small.points - upright.points, axis=-1).mean() < 0.05 * apart


def test_each_image_gets_the_landmarks_of_its_own_faces():
    photo = astronaut()
    wide = on_ground(photo, (600, 1100), left=500, top=40)
    one, none, other = landmarks_of([photo, photo, wide], [_found(photo), (), _found(wide)])
    assert none.points.shape == (0, 68, 2)
    np.testing.assert_allclose(other.points, one.points + np.array([500, 40]), atol=3)


def test_a_box_without_keypoints_serves_as_well():
    photo = astronaut()
    box = FoundFace(FaceBox(FACE.left - 10.0, FACE.top, 120.0, 120.0), 1.0)
    by_box, by_eyes = landmarks_of([photo, photo], [(box,), _found(photo)])
    np.testing.assert_allclose(by_box.points, by_eyes.points, atol=4)


def test_a_box_around_nothing_has_landmarks_that_are_not_found():
    [found] = landmarks_of(
        [np.full((200, 200, 3), 128, np.uint8)],
        [(FoundFace(FaceBox(50.0, 50.0, 80.0, 80.0), 1.0),)],
    )
    assert found.found.tolist() == [False]
    assert np.isfinite(found.points).all()


@pytest.mark.parametrize("num_looks", [1, 3])
def test_more_looks_move_the_points_little(num_looks: int):
    photo = astronaut()
    faces = [_found(photo)]
    [usual], [other] = (
        landmarks_of([photo], faces),
        landmarks_of([photo], faces, num_looks=num_looks),
    )
    assert np.abs(usual.points - other.points).mean() < 2
