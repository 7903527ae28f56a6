import numpy as np

from gimefive_jax.faces import Landmarks, eyes_and_mouth


def _landmarks(found: list[bool]) -> Landmarks:
    points = np.random.default_rng(0).uniform(20, 44, (len(found), 68, 2)).astype(np.float32)
    return Landmarks(points, np.array(found), np.ones(len(found), np.float32))


def test_boxes_hold_their_landmarks_and_three_pixels_of_64():
    found = _landmarks([True, True])
    for side in (64, 128):
        boxes = eyes_and_mouth(found, side=side)
        assert boxes is not None
        for part, points in enumerate((found.points[:, 36:48], found.points[:, 48:])):
            margin = 3 * side / 64
            np.testing.assert_allclose(boxes[:, part, :2], points.min(1) - margin)
            np.testing.assert_allclose(boxes[:, part, 2:], points.max(1) + margin)


def test_a_face_without_landmarks_has_the_mean_box_of_the_others():
    boxes = eyes_and_mouth(_landmarks([True, False, True]), side=64)
    assert boxes is not None
    np.testing.assert_allclose(boxes[1], (boxes[0] + boxes[2]) / 2, rtol=1e-6)


def test_no_landmarks_at_all_give_no_boxes():
    assert eyes_and_mouth(_landmarks([False, False]), side=64) is None
