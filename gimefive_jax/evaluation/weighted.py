"""Measures as functions of weighted faces.

With weights of one they are the measures themselves; with the counts of a bootstrap sample, those
of the sample. So a value and its interval have one definition.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from gimefive_jax.evaluation.answers import RANK_DECIMALS, Answers
from gimefive_jax.evaluation.calibration import NUM_BINS, Equal, bin_numbers
from gimefive_jax.evaluation.risk_coverage import expected_errors

Draws = dict[str, Float[np.ndarray, " draw"]]
Weights = Float[np.ndarray, "draw face"]
Statistic = Callable[[Weights], Draws]


def decision_statistic(answers: Answers) -> Statistic:
    """Gives the measures of predicted categories as a function of weighted faces.

    Args:
      answers: Of the faces.

    Returns:
      Weights `[draw, face]` to draws by name: accuracy, balanced_accuracy, macro_f1,
      top_2_accuracy, majority_baseline, and precision:I, recall:I, f1:I for category number I.
    """
    num_classes = answers.logits.shape[1]
    # Of these faces, not of each sample: the largest share of every sample would be biased upwards.
    most_frequent = np.bincount(answers.labels, minlength=num_classes).argmax()
    cells = np.eye(num_classes**2)[answers.labels * num_classes + answers.predicted]
    # A stable order, so that the first of equal logits is the predicted one here, too.
    best = np.argsort(-answers.logits, axis=1, kind="stable")[:, :2]
    top_2 = (best == answers.labels[:, None]).any(1).astype(np.float64)

    def measures(weights: Weights) -> Draws:
        confusion = (weights @ cells).reshape(-1, num_classes, num_classes)
        total = confusion.sum((1, 2))
        hits = np.diagonal(confusion, axis1=1, axis2=2)
        support, predicted = confusion.sum(2), confusion.sum(1)
        recall = _ratio(hits, support)
        precision = hits / np.maximum(predicted, 1)
        f1 = 2 * hits / np.maximum(support + predicted, 1)
        present = support > 0
        return {
            "accuracy": hits.sum(1) / total,
            "balanced_accuracy": _mean_where(recall, present),
            "macro_f1": _mean_where(f1, present),
            "top_2_accuracy": weights @ top_2 / total,
            "majority_baseline": support[:, most_frequent] / total,
            **_by_category("precision", precision),
            **_by_category("recall", recall),
            **_by_category("f1", f1),
        }

    return measures


def probability_statistic(answers: Answers) -> Statistic:
    """Gives the measures of probabilities as a function of weighted faces.

    Args:
      answers: Of the faces, with the probabilities that are measured.

    Returns:
      Weights `[draw, face]` to draws by name: nll, brier, confidence, ece, ece_equal_mass, aurc,
      auc, and auc:I for category number I.
    """
    rows, num_classes = np.arange(len(answers.labels)), answers.logits.shape[1]
    probabilities = np.exp(answers.log_probabilities)
    truth = np.eye(num_classes)[answers.labels]
    means = np.stack(
        [
            -answers.log_probabilities[rows, answers.labels],
            np.square(probabilities - truth).sum(1),
            answers.confidence,
        ],
        axis=1,
    )
    gaps = {name: _bin_gaps(answers, equal) for name, equal in _ECES.items()}
    auc_of = _auc_statistic(answers.log_probabilities.round(RANK_DECIMALS), truth)
    order = np.argsort(-answers.ranked_by, kind="stable")
    errors = expected_errors(answers)[order]

    def measures(weights: Weights) -> Draws:
        total = weights.sum(1)
        nll, brier, confidence = (weights @ means).T / total
        ranked = weights[:, order]
        covered = ranked.cumsum(1)
        risk = _ratio((ranked * errors).cumsum(1), covered)
        return {
            "nll": nll,
            "brier": brier,
            "confidence": confidence,
            **{name: np.abs(weights @ gap).sum(1) / total for name, gap in gaps.items()},
            "aurc": np.where(ranked > 0, ranked * risk, 0).sum(1) / total,
            **auc_of(weights),
        }

    return measures


_ECES: dict[str, Equal] = {"ece": "width", "ece_equal_mass": "mass"}


def _bin_gaps(answers: Answers, equal: Equal) -> Float[np.ndarray, "face bin"]:
    """Correct less confidence, in the column of the face's bin."""
    gap = answers.correct - answers.confidence
    return gap[:, None] * np.eye(NUM_BINS)[bin_numbers(answers.confidence, equal=equal)]


def _auc_statistic(
    scores: Float[np.ndarray, "face emotion"], truth: Float[np.ndarray, "face emotion"]
) -> Statistic:
    """One-vs-rest areas by DeLong's placements: sums over faces, so that draws are products.

    DeLong et al., 1988, https://doi.org/10.2307/2531595
    """
    others = 1 - truth
    placements = np.stack(
        [_placements(*column) for column in zip(scores.T, truth.T, strict=True)], axis=1
    )
    ours, theirs = placements * truth, placements * others
    whole = _ratio(ours.sum(0), truth.sum(0))

    def areas(weights: Weights) -> Draws:
        # Each face's share of the others that it is on the right side of, averaged on both sides:
        # to first order the area of the sample, and exactly that of the faces themselves.
        area = _ratio(weights @ ours, weights @ truth) + _ratio(weights @ theirs, weights @ others)
        area = np.clip(area - whole, 0, 1)
        return {"auc": _mean_where(area, ~np.isnan(area)), **_by_category("auc", area)}

    return areas


def _placements(
    scores: Float[np.ndarray, " face"], truth: Float[np.ndarray, " face"]
) -> Float[np.ndarray, " face"]:
    """Share of the faces of the other kind that a face is on the right side of; NaN for none."""
    found = np.full(len(scores), np.nan)
    for kind, sign in ((1.0, 1.0), (0.0, -1.0)):
        mine, others = truth == kind, np.sort(sign * scores[truth != kind])
        if len(others):
            below = np.searchsorted(others, sign * scores[mine], "left")
            up_to = np.searchsorted(others, sign * scores[mine], "right")
            found[mine] = (below + up_to) / 2 / len(others)
    return found


def _ratio(
    above: Float[np.ndarray, "*shape"], below: Float[np.ndarray, "*shape"]
) -> Float[np.ndarray, "*shape"]:
    """NaN where there is nothing to divide by."""
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)


def _mean_where(
    values: Float[np.ndarray, "draw emotion"], known: np.ndarray
) -> Float[np.ndarray, " draw"]:
    return _ratio(np.where(known, values, 0).sum(1), known.sum(1).astype(np.float64))


def _by_category(name: str, values: Float[np.ndarray, "draw emotion"]) -> Draws:
    return {f"{name}:{i}": column for i, column in enumerate(values.T)}
