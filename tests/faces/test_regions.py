import jax
import numpy as np
import pytest

from data_prep.drawn_faces.dataset import draw_face
from gimefive_jax.errors import InputError
from gimefive_jax.faces.regions import REGIONS, soft_masks
from tests.tolerances import RELATIVE


def _points(*, emotion: str = "happiness", size: int = 64) -> np.ndarray:
    return np.stack([draw_face(emotion, seed=seed, size=size).landmarks for seed in range(4)])


def _masks(points: np.ndarray, side: int = 64) -> dict[str, np.ndarray]:
    return {name: np.asarray(mask) for name, mask in soft_masks(points, side).items()}


@pytest.mark.parametrize("side", [32, 64, 96])
def test_regions_sum_to_one_at_every_pixel(side: int):
    masks = _masks(_points(size=side), side)
    assert tuple(sorted(masks)) == tuple(sorted(REGIONS))
    np.testing.assert_allclose(sum(masks.values()), 1, rtol=RELATIVE)
    assert all(mask.min() >= 0 for mask in masks.values())


def test_a_landmark_lies_in_its_region():
    points = _points()
    masks = _masks(points)
    numbers = {"brows": [18, 19, 24, 25], "eyes": [37, 38, 40, 44, 46], "mouth": [51, 57, 62]}
    for face, region in ((f, r) for f in range(4) for r in numbers):
        for x, y in points[face, numbers[region]].astype(int):
            assert masks[region][face, y, x] > 0.5, (face, region)


def test_a_feature_is_three_pixels_wider_than_its_landmarks():
    # A closed mouth far from everything else: a line from (20, 50) to (44, 50).
    points = np.full((1, 68, 2), 200.0, np.float32)
    points[0, 48:60, 0] = np.concatenate([np.linspace(20, 44, 7), np.linspace(40, 24, 5)])
    points[0, 48:60, 1] = 50
    mouth = _masks(points)["mouth"][0]
    # Rows 47 to 52 lie within 3 pixels; blurring moves no mass over a straight border.
    np.testing.assert_allclose(mouth[:, 32].sum(), 6, atol=1e-3)
    assert mouth[46, 32] < 0.5 < mouth[47, 32]
    assert mouth[52, 32] > 0.5 > mouth[53, 32]
    assert mouth[50, 14] < 0.01 < 0.99 < mouth[50, 22]


def test_regions_of_a_larger_face_are_those_of_a_smaller_one_enlarged():
    small, large = _masks(_points(size=64), 64), _masks(_points(size=64) * 2, 128)
    for region in REGIONS:
        shrunk = large[region].reshape(4, 64, 2, 64, 2).mean((2, 4))
        assert np.abs(shrunk - small[region]).mean() < 0.01


def test_regions_move_and_mirror_with_the_points():
    points = _points()
    moved = _masks(points + np.array([5, 3], np.float32))
    still = _masks(points)
    mouth = still["mouth"][:, 20:55, 10:55]
    np.testing.assert_allclose(moved["mouth"][:, 23:58, 15:60], mouth, atol=RELATIVE)
    order = np.r_[16:-1:-1, 26:16:-1, 27:31, 35:30:-1, 45:41:-1, 47:45:-1, 39:35:-1, 41:39:-1]
    lips = np.r_[54:47:-1, 59:54:-1, 64:59:-1, 67:64:-1]
    mirrored = points[:, np.r_[order, lips]] * [-1, 1] + [64, 0]
    for region, mask in _masks(mirrored.astype(np.float32)).items():
        # A pixel at the same distance from two features goes to one of them on either side.
        assert np.abs(mask[:, :, ::-1] - still[region]).mean() < 1e-3


def test_regions_are_a_pure_function_inside_a_program():
    points = _points()
    inside = jax.jit(lambda points: soft_masks(points, 64)["nose"])(points)
    np.testing.assert_allclose(inside, _masks(points)["nose"], atol=RELATIVE)


def test_points_that_say_nothing_give_no_nan():
    for points in (np.zeros((1, 68, 2), np.float32), np.full((1, 68, 2), 1e6, np.float32)):
        masks = _masks(points)
        assert np.isfinite(list(masks.values())).all()
        np.testing.assert_allclose(sum(masks.values()), 1, rtol=RELATIVE)


def test_five_landmarks_are_refused_with_the_rule():
    with pytest.raises(InputError, match=r"5, 2.*68"):
        soft_masks(np.zeros((1, 5, 2), np.float32), 64)
