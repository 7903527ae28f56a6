import numpy as np
import pytest
from PIL import Image

from data_prep.drawn_faces.dataset import draw_face
from gimefive_jax import parallel
from gimefive_jax.errors import InputError
from gimefive_jax.faces.mesh_landmarks import MESH_TO_68, Landmarks, landmarks
from gimefive_jax.faces.squares import turn
from gimefive_jax.inference import Driver

_FACES = [draw_face("happiness", seed=seed) for seed in (1, 3, 5)]
_PIXELS = np.stack([face.pixels for face in _FACES])
_POINTS = np.stack([face.landmarks for face in _FACES])


@pytest.fixture(scope="module")
def found() -> Landmarks:
    return landmarks(_PIXELS)


def _error(points: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean distance over that of the outer eye corners, as the field measures it."""
    apart = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=-1)
    return np.linalg.norm(points - truth, axis=-1)[:, 17:].mean(1) / apart


def test_each_of_the_68_points_is_one_of_the_mesh():
    assert len(set(MESH_TO_68)) == 68
    assert max(MESH_TO_68) < 468


def test_landmarks_of_drawn_faces_are_near_those_they_were_drawn_with(found: Landmarks):
    assert found.found.all()
    assert (found.confidence > 0.99).all()
    assert (_error(found.points, _POINTS) < 0.12).all()


def test_a_turned_face_is_found_by_the_other_squares():
    tilt = np.deg2rad(50)
    image = Image.fromarray(_PIXELS[0]).rotate(-50, Image.Resampling.BICUBIC)
    # PIL turns clockwise for a negative angle, as x to y does where y points down.
    truth = np.asarray(turn(_POINTS[:1] - 32, np.float32([tilt]))) + 32
    turned = landmarks(np.asarray(image)[None])
    assert turned.found.all()
    assert (_error(turned.points, truth) < 0.12).all()


def test_landmarks_move_with_the_face(found: Landmarks):
    moved = np.zeros_like(_PIXELS)
    moved[:, 4:, :-6] = _PIXELS[:, :-4, 6:]
    shift = found.points - landmarks(moved).points
    assert np.abs(shift[:, 17:] - [6, -4]).mean() < 1


def test_landmarks_scale_with_the_face(found: Landmarks):
    twice = landmarks(_PIXELS.repeat(2, axis=1).repeat(2, axis=2))
    assert (_error(twice.points / 2, found.points) < 0.03).all()


def test_a_face_is_found_alike_in_every_batch(found: Landmarks):
    few = landmarks(_PIXELS, driver=Driver(parallel.make_mesh(), batch_size=8))
    np.testing.assert_allclose(few.points, found.points, atol=0.05)


def test_noise_and_blank_crops_are_no_faces_and_their_points_are_numbers():
    noise = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 1), np.uint8)
    noise[1] = 0
    found = landmarks(noise)
    assert not found.found.any()
    assert np.isfinite(found.points).all()


def test_two_channels_are_refused_with_the_rule():
    with pytest.raises(InputError, match=r"2\).*1 or 3"):
        landmarks(np.zeros((1, 64, 64, 2), np.uint8))
