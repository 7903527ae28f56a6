import numpy as np
import pytest

from gimefive_jax.faces.found import FoundFace
from gimefive_jax.video.between import between
from tests.video.boxes import box


def face(left: float, score: float = 0.8) -> FoundFace:
    return FoundFace(box(left, 10, 50, 60), score, np.full((6, 2), left, np.float32))


def test_boxes_keypoints_and_scores_lie_between() -> None:
    found = between([face(0), face(200)], [face(203, 0.6), face(9)], 1 / 3)
    assert found is not None
    assert [one.box.left for one in found] == pytest.approx([3, 201])
    assert [one.score for one in found] == pytest.approx([0.8, 0.8 - 0.2 / 3])
    assert found[0].keypoints is not None
    np.testing.assert_allclose(found[0].keypoints, 3, rtol=1e-6)


@pytest.mark.parametrize(
    ("before", "after"),
    [([0], []), ([], [0]), ([0], [0, 200]), ([0], [40]), ([0, 200], [0, 300])],
)
def test_other_faces_or_places_are_not_guessed(before: list[int], after: list[int]) -> None:
    assert between([face(x) for x in before], [face(x) for x in after], 0.5) is None


def test_between_frames_without_faces_is_none() -> None:
    assert between([], [], 0.5) == ()


def test_faces_without_keypoints_stay_without() -> None:
    [found] = between([FoundFace(box(0, 0, 9, 9), 1.0)], [face(1)], 0.5) or [face(9)]
    assert found.keypoints is not None
    bare = FoundFace(box(0, 0, 90, 90), 1.0)
    assert between([bare], [bare], 0.5) is not None
