"""What each number of an evaluation means; the one place that defines them in words."""

from gimefive_jax.evaluation.measurements import MeasureNote

NOTES = {
    "accuracy": MeasureNote(
        "accuracy",
        "Share of the faces whose predicted category is their label.",
        "higher",
        0.0,
        1.0,
    ),
    "balanced_accuracy": MeasureNote(
        "balanced accuracy", "Mean recall of the categories that have faces.", "higher", 0.0, 1.0
    ),
    "macro_f1": MeasureNote(
        "macro F1", "Mean F1 of the categories that have faces.", "higher", 0.0, 1.0
    ),
    "top_2_accuracy": MeasureNote(
        "top-2 accuracy",
        "Share of the faces whose label is one of the two categories with the largest logits.",
        "higher",
        0.0,
        1.0,
    ),
    "majority_baseline": MeasureNote(
        "majority baseline",
        "Accuracy of giving every face the most frequent category of these faces.",
        "neither",
        0.0,
        1.0,
    ),
    "precision": MeasureNote(
        "precision",
        "Share of the faces predicted as the category that have it; 0 where none is predicted so.",
        "higher",
        0.0,
        1.0,
    ),
    "recall": MeasureNote(
        "recall", "Share of the category's faces that are predicted as it.", "higher", 0.0, 1.0
    ),
    "f1": MeasureNote(
        "F1",
        "Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN); 0 without a right one.",
        "higher",
        0.0,
        1.0,
    ),
    "nll": MeasureNote(
        "negative log-likelihood",
        "Mean of -ln(probability of the label), in nats.",
        "lower",
        0.0,
        None,
    ),
    "brier": MeasureNote(
        "Brier score",
        "Mean over faces of the squared distance between the probabilities and the label's "
        "indicator, summed over categories.",
        "lower",
        0.0,
        2.0,
    ),
    "ece": MeasureNote(
        "expected calibration error",
        "Mean over faces of |accuracy - mean confidence| of their bin, 15 bins of equal width; "
        "the interval is freed of the bootstrap's own upward bias.",
        "lower",
        0.0,
        1.0,
    ),
    "ece_equal_mass": MeasureNote(
        "expected calibration error, equal mass",
        "The same over 15 bins with (nearly) as many faces each.",
        "lower",
        0.0,
        1.0,
    ),
    "auc": MeasureNote(
        "area under the ROC curve",
        "Probability that a face of the category gets more of its probability than a face of "
        "another one, ties counted half; without a category named, the mean over categories.",
        "higher",
        0.0,
        1.0,
    ),
    "aurc": MeasureNote(
        "area under the risk-coverage curve",
        "Mean over k of the share of wrong predictions among the k most confident faces; faces "
        "of one confidence count as in random order.",
        "lower",
        0.0,
        1.0,
    ),
    "confidence": MeasureNote(
        "mean confidence", "Mean probability of the predicted category.", "neither", 0.0, 1.0
    ),
}
"""By name, in the order of tables."""
