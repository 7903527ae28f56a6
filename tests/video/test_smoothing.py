import numpy as np
import pytest

from gimefive_jax.faces.found import FaceBox
from gimefive_jax.video.smoothing import (
    ScoreRules,
    SmoothScores,
    begin_motion,
    smooth_box,
    smooth_scores,
)
from tests.video.boxes import box


def lefts_and_widths(boxes: list[FaceBox], rate: float) -> np.ndarray:
    motion = begin_motion(boxes[0])
    smoothed = []
    for one in boxes[1:]:
        motion = smooth_box(motion, one, 1 / rate)
        smoothed.append((motion.box.left, motion.box.width))
    return np.array(smoothed)


@pytest.mark.parametrize("rate", [10, 30, 60])
def test_a_resting_box_jitters_less_than_half_as_much(rate: int) -> None:
    jitter = np.random.default_rng(0).normal(0, 3, (300, 2))
    boxes = [box(50 + x, 50, 100 + width, 100) for x, width in jitter]
    given = np.array([(one.left, one.width) for one in boxes])
    smoothed = lefts_and_widths(boxes, rate)
    ratio = np.diff(smoothed, axis=0).std(0) / np.diff(given, axis=0).std(0)
    assert (ratio < 0.5).all()


def test_a_moving_box_lags_by_less_than_a_tenth_of_its_width() -> None:
    boxes = [box(8 * i, 50, 100, 100) for i in range(60)]
    lag = np.array([one.left for one in boxes[1:]]) - lefts_and_widths(boxes, 30)[:, 0]
    assert np.abs(lag[10:]).max() < 10


def test_motion_is_expected_to_go_on() -> None:
    motion = begin_motion(box(0, 0, 100, 100))
    for i in range(1, 60):
        motion = smooth_box(motion, box(6 * i, 0, 100, 100), 1 / 30)
    # 6 pixels a frame at 30 frames per second.
    assert motion.expected(0.5).left == pytest.approx(6 * 59 + 90, abs=3)


def scores_over(frames: np.ndarray, rate: float) -> list[SmoothScores]:
    smooth, result = None, []
    for row in frames:
        smooth = smooth_scores(smooth, row.tolist(), 1 / rate)
        result.append(smooth)
    return result


def test_scores_stay_probabilities() -> None:
    frames = np.random.default_rng(0).dirichlet(np.ones(6), 100)
    sums = [sum(one.scores) for one in scores_over(frames, 30)]
    np.testing.assert_allclose(sums, 1, atol=1e-9)


def test_a_face_between_two_categories_does_not_flicker() -> None:
    noise = np.random.default_rng(0).normal(0.5, 0.1, 600)
    frames = np.stack([noise, 1 - noise], axis=-1)
    raw = frames.argmax(-1)
    smooth = np.array([one.category for one in scores_over(frames, 30)])
    assert np.count_nonzero(np.diff(raw)) > 200
    assert np.count_nonzero(np.diff(smooth)) <= 2


def test_a_change_of_expression_is_shown_within_a_second() -> None:
    frames = np.array([[0.9, 0.1]] * 60 + [[0.1, 0.9]] * 60)
    labels = [one.category for one in scores_over(frames, 30)]
    assert labels[59] == 0
    assert labels[90] == 1


def test_the_rate_of_the_frames_has_no_say() -> None:
    slow = scores_over(np.array([[0.9, 0.1]] + [[0.2, 0.8]] * 10), 10)[-1]
    fast = scores_over(np.array([[0.9, 0.1]] + [[0.2, 0.8]] * 60), 60)[-1]
    np.testing.assert_allclose(slow.scores, fast.scores, atol=1e-9)


def test_the_first_frame_counts_whole() -> None:
    first = smooth_scores(None, [0.3, 0.7], 0.0, rules=ScoreRules(half_life=9.0))
    assert first == SmoothScores((0.3, 0.7), 1)
