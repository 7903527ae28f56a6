import numpy as np

from gimefive_jax.evaluation.answers import Answers
from gimefive_jax.evaluation.risk_coverage import abstain_below, expected_errors, risk_coverage
from gimefive_jax.statistics import wilson_interval


def _answers(confidence: list[float], correct: list[bool]) -> Answers:
    shares = np.array([[value, 1 - value] for value in confidence])
    return Answers(np.log(shares), np.where(correct, 0, 1))


ANSWERS = _answers([0.9, 0.8, 0.8, 0.6], [True, True, False, False])


def test_the_curve_is_that_of_counting():
    found = risk_coverage(ANSWERS)
    assert found.coverage == (0.25, 0.5, 0.75, 1.0)
    # The two at 0.8 count as half a mistake each.
    np.testing.assert_allclose(found.risk, [0, 0.25, 1 / 3, 0.5])
    np.testing.assert_allclose(found.threshold, [0.9, 0.8, 0.8, 0.6])


def test_the_order_of_equal_confidences_does_not_matter():
    other = _answers([0.8, 0.9, 0.6, 0.8], [False, True, False, True])
    assert risk_coverage(other) == risk_coverage(ANSWERS)
    assert expected_errors(ANSWERS).tolist() == [0, 0.5, 0.5, 1]


def test_many_faces_give_a_hundred_points_that_end_with_all_of_them():
    generator = np.random.default_rng(0)
    answers = Answers(generator.normal(size=(777, 6)), generator.integers(0, 6, 777))
    found = risk_coverage(answers)
    assert len(found.coverage) == 100
    assert (found.coverage[-1], found.risk[-1]) == (1.0, float((~answers.correct).mean()))


def test_a_face_at_the_threshold_gets_its_prediction():
    found = abstain_below(ANSWERS, float(ANSWERS.confidence[1]))
    assert (found.count, found.coverage, found.risk) == (3, 0.75, 1 / 3)
    assert found.risk_interval_95 == wilson_interval(1, 3)


def test_where_nothing_is_predicted_there_is_no_risk():
    found = abstain_below(ANSWERS, 0.99)
    assert (found.count, found.coverage, found.risk) == (0, 0.0, None)
