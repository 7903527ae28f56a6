"""Risk against coverage: what is left wrong where the least confident faces get no prediction."""

import numpy as np
from jaxtyping import Float

from gimefive_jax import statistics
from gimefive_jax.evaluation.answers import Answers
from gimefive_jax.evaluation.measurements import Abstention, RiskCoverage

NUM_POINTS = 100
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Confidences at which an evaluation says what abstaining below them gives."""


def expected_errors(answers: Answers) -> Float[np.ndarray, " face"]:
    """Gives each face the share of wrong predictions among the faces of its very confidence.

    Args:
      answers: Of the faces.

    Returns:
      0 or 1 for a confidence of one face alone, `[face]`; so no order of equal ones matters.
    """
    _, number = np.unique(answers.ranked_by, return_inverse=True)
    return (np.bincount(number, ~answers.correct) / np.bincount(number))[number]


def risk_coverage(answers: Answers) -> RiskCoverage:
    """Measures the risk-coverage curve at up to 100 coverages.

    Args:
      answers: Of the faces, at least one.

    Returns:
      The curve, from few predictions to all.

    References:
      El-Yaniv and Wiener, 2010, https://jmlr.org/papers/v11/el-yaniv10a.html
    """
    count = len(answers.labels)
    order = np.argsort(-answers.ranked_by, kind="stable")
    wrong = expected_errors(answers)[order].cumsum()
    num_points = min(NUM_POINTS, count)
    # Rounded up in whole numbers: a product with a share like 0.07 would miss by one.
    covered = -(-count * np.arange(1, num_points + 1) // num_points)
    return RiskCoverage(
        coverage=tuple((covered / count).tolist()),
        risk=tuple((wrong[covered - 1] / covered).tolist()),
        threshold=tuple(answers.confidence[order][covered - 1].tolist()),
    )


def abstain_below(answers: Answers, threshold: float) -> Abstention:
    """Measures what comes of predicting only where the confidence is at least a threshold.

    Args:
      answers: Of the faces, at least one.
      threshold: From 0 to 1.

    Returns:
      Coverage and risk.
    """
    kept = answers.confidence >= threshold
    count, wrong = int(kept.sum()), int((kept & ~answers.correct).sum())
    return Abstention(
        threshold=threshold,
        count=count,
        coverage=count / len(kept),
        risk=wrong / count if count else None,
        risk_interval_95=statistics.wilson_interval(wrong, count),
    )
