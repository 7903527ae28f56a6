import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from data_prep.drawn_faces.dataset import draw_face
from gimefive_jax.faces.squares import (
    Squares,
    cut_squares,
    from_square,
    square_around_points,
    squares_around_images,
    turn,
)

_SIDE = 64


def _face() -> np.ndarray:
    return draw_face("fear", seed=2).pixels


def _cut(face: np.ndarray, squares: Squares, side: int = _SIDE) -> np.ndarray:
    return np.asarray(cut_squares(jnp.asarray(face[None]), squares, side=side))[0]


def test_the_square_of_the_image_is_the_image():
    face = _face()
    cut = _cut(face, squares_around_images(1, (64, 64), scale=1.0))
    np.testing.assert_allclose(cut, face / 255, atol=1e-5)


def test_a_grey_image_gives_three_equal_channels():
    cut = _cut(_face()[..., :1], squares_around_images(1, (64, 64), scale=1.2))
    assert cut.shape == (64, 64, 3)
    assert (cut == cut[..., :1]).all()


def test_a_larger_square_has_a_black_border():
    cut = _cut(np.full((64, 64, 1), 255, np.uint8), squares_around_images(1, (64, 64), scale=2.0))
    assert not cut[:15].any()
    np.testing.assert_allclose(cut[17:47, 17:47], 1, atol=1e-5)


def test_a_turned_square_is_the_image_turned_the_other_way():
    face = _face()
    cut = _cut(face, squares_around_images(1, (64, 64), scale=1.0, angle=np.pi / 2))
    # The square's right side lies at the bottom of the image.
    np.testing.assert_allclose(cut, np.rot90(face) / 255, atol=1e-4)


def test_cut_is_pils_affine_transform():
    face, angle = _face(), 0.3
    squares = Squares(np.float32([[30, 35]]), np.float32([50]), np.float32([angle]))
    step, cos, sin = 50 / _SIDE, np.cos(angle), np.sin(angle)
    corner = np.array([30, 35]) - 25 * np.array([cos - sin, sin + cos])
    data = (step * cos, -step * sin, corner[0], step * sin, step * cos, corner[1])
    theirs = Image.fromarray(face).transform(
        (_SIDE, _SIDE), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR
    )
    gap = np.abs(_cut(face, squares) * 255 - np.asarray(theirs, np.float32))
    # PIL has no half pixels at the border and rounds.
    assert gap[3:-3, 3:-3].max() < 1.5


@pytest.mark.parametrize("angle", [0.0, 0.5, -2.0])
def test_a_square_around_points_holds_them_level(angle: float):
    flat = np.float32([[[-10, 0], [10, 0], [0, 14], [0, -6]]])
    points = turn(jnp.asarray(flat), jnp.float32([angle])) + jnp.array([20.0, 30.0])
    squares = square_around_points(points, across=(0, 1), scale=1.5)
    assert squares.angle[0] == pytest.approx(angle, abs=1e-5)
    assert squares.side[0] == pytest.approx(30, rel=1e-5)
    places = (flat - [0, 4]) / 30 + 0.5
    np.testing.assert_allclose(from_square(jnp.asarray(places), squares), points, atol=1e-4)
