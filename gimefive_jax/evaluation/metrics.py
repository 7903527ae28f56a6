"""Sums over a split, and the metrics computed from them."""

import dataclasses
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int

from gimefive_jax import statistics
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation.reference import ReferenceEvaluation
from gimefive_jax.readout import PLAIN


@dataclasses.dataclass(frozen=True)
class CategoryScores:
    """What is measured for one category; shares from 0 to 1."""

    precision: float
    """Share of the faces predicted as this category that have it."""
    recall: float | None
    """Share of the faces of this category that are predicted as it; None where there is none."""
    f1: float
    """Harmonic mean of the two; 0 where the category was never predicted rightly."""
    support: int
    """Faces of this category."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scores:
    """What metric sums over a split divide out to; shares from 0 to 1."""

    reference: bool = False
    """Whether the paper's reference was followed: not comparable with other results."""
    count: int
    """Faces."""
    correct: int
    """Faces whose predicted category is their label."""
    accuracy: float
    accuracy_interval_95: tuple[float, float]
    """Wilson's interval over faces."""
    balanced_accuracy: float
    """Mean recall of the categories that have faces."""
    macro_f1: float
    """Mean F1 of the categories that have faces."""
    loss: float
    """Mean cross-entropy of the logits as they are, in nats."""
    majority_share: float
    """Accuracy of giving every face the most frequent category."""
    per_class: Mapping[str, CategoryScores]
    """By category."""
    confusion: tuple[tuple[int, ...], ...]
    """Counts: row = label, column = predicted."""


@dataclasses.dataclass(frozen=True)
class Metrics:
    """Sums only; `+` merges, `compute` divides once."""

    confusion: Int[np.ndarray, "emotion emotion"]
    """Counts: row = label, column = predicted."""
    loss: float
    """Sum of the cross-entropies, in nats."""
    reference: bool = False
    """Whether faces and losses are those of the paper's reference: no numbers to compare with."""

    def __add__(self, other: "Metrics") -> "Metrics":
        return Metrics(
            self.confusion + other.confusion,
            self.loss + other.loss,
            self.reference or other.reference,
        )

    def compute(self, emotions: tuple[str, ...]) -> Scores:
        """Divides the sums, once.

        Args:
          emotions: Names of the categories, in label order.

        Returns:
          Accuracy with its interval, means over categories, and a row per category. A category
          without a face has no recall; the means over categories leave it out.
        """
        count = int(self.confusion.sum())
        hits = np.diag(self.confusion)
        support, predicted = self.confusion.sum(1), self.confusion.sum(0)
        recall, precision = _ratio(hits, support), _ratio(hits, predicted)
        # 2 TP / (2 TP + FP + FN), zero where a class was never predicted.
        f1 = _ratio(2 * hits, support + predicted)
        present = support > 0
        return Scores(
            reference=self.reference,
            count=count,
            correct=int(hits.sum()),
            accuracy=float(hits.sum() / count),
            accuracy_interval_95=statistics.wilson_interval(int(hits.sum()), count),
            balanced_accuracy=float(recall[present].mean()),
            macro_f1=float(f1[present].mean()),
            loss=self.loss / count,
            majority_share=float(support.max() / count),
            per_class={
                emotion: CategoryScores(
                    precision=float(precision[i]),
                    recall=float(recall[i]) if present[i] else None,
                    f1=float(f1[i]),
                    support=int(support[i]),
                )
                for i, emotion in enumerate(emotions)
            },
            confusion=tuple(map(tuple, self.confusion.tolist())),
        )


def measure(
    logits: Float[np.ndarray, "face emotion"],
    labels: Int[np.ndarray, " face"],
    *,
    reference: ReferenceEvaluation | None = None,
) -> Metrics:
    """Sums hits and losses over some faces.

    Args:
      logits: Of every face, `[face, emotion]`.
      labels: True categories, `[face]`.
      reference: Where the paper's reference is followed: losses are weighted so that their mean is
        its mean of batch means.

    Returns:
      Sums, to be added to those of other faces and divided once.
    """
    num_classes = logits.shape[1]
    confusion = np.zeros((num_classes, num_classes), np.int64)
    np.add.at(confusion, (labels, logits.argmax(1)), 1)
    # float64: a float32 sum over a large split would lose digits.
    log_probabilities = PLAIN.log_probabilities(logits)
    losses = -log_probabilities[np.arange(len(labels)), labels]
    if reference is not None:
        losses = losses * reference.weights(len(labels))
    return Metrics(confusion=confusion, loss=float(losses.sum()), reference=reference is not None)


def check_logits(logits: Float[np.ndarray, "face emotion"], model_name: str) -> None:
    """Checks that every logit is a number: NaN would count as the first category.

    Args:
      logits: Of every face, `[face, emotion]`.
      model_name: Whose logits they are, for the message.

    Raises:
      InputError: If one is NaN or infinite; says for how many faces.
    """
    if bad := int((~np.isfinite(logits)).any(axis=1).sum()):
        raise InputError(
            f"{model_name} gives NaN or infinite logits for {bad} of {len(logits)} faces; its "
            "weights are damaged, take another checkpoint"
        )


def _ratio(above: Int[np.ndarray, " n"], below: Int[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    return above / np.maximum(below, 1)
