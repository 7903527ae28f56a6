"""Files of an evaluation: metrics.json, tables of predictions and of confusions, two pictures."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from matplotlib.figure import Figure

from gimefive_jax import files
from gimefive_jax.data import Split
from gimefive_jax.evaluation.charts import plot_corruptions, plot_per_class, plot_risk_coverage
from gimefive_jax.evaluation.corruptions import Robustness, write_corruptions
from gimefive_jax.evaluation.evaluation import Evaluation, evaluate_logits
from gimefive_jax.evaluation.measurements import NeutralFaces
from gimefive_jax.evaluation.metrics import check_logits
from gimefive_jax.evaluation.predictions import (
    PREDICTIONS,
    PREDICTIONS_TABLE,
    SCORES,
    make_predictions,
    write_predictions,
    write_predictions_table,
    write_scores,
)
from gimefive_jax.evaluation.reference import ReferenceEvaluation
from gimefive_jax.evaluation.reliability import plot_reliability
from gimefive_jax.plots import save_figure
from gimefive_jax.readout import PLAIN, Readout

CONFUSION_MATRIX, RELIABILITY = "confusion_matrix.png", "reliability.png"
RISK_COVERAGE, PER_CLASS = "risk_coverage.png", "per_class.png"
CORRUPTIONS, CORRUPTIONS_TABLE = "corruptions.png", "corruptions.csv"
CONFUSION_TABLE = "confusion_matrix.csv"


def write_evaluation(
    folder: Path,
    split: Split,
    logits: Float[np.ndarray, "face emotion"],
    *,
    model_name: str,
    weights_sha256: str,
    reference: ReferenceEvaluation | None = None,
    readout: Readout = PLAIN,
    command: str = "",
    parquet: bool = False,
    neutral: NeutralFaces | None = None,
    robustness: Robustness | None = None,
) -> Evaluation:
    """Measures the logits of a split and writes the results to a folder, whole or not at all.

    `metrics.json` and `predictions.csv` hold raw and calibrated numbers, under these words;
    `classification_scores.csv` those that users of the model see.

    Args:
      folder: Where the files go; replaced if it exists.
      split: The faces that were measured, with labels and file names.
      logits: Logits of its faces, `[face, emotion]`, in the split's order.
      model_name: Name of the model, written to `metrics.json`.
      weights_sha256: Digest of the weights that gave the logits.
      reference: Evaluates as the paper's reference does; None evaluates every face as it is.
      readout: How logits become probabilities.
      command: What a user types to get the same.
      parquet: Whether the predictions are written as Parquet, too.
      neutral: What was measured on neutral faces, where there are such.
      robustness: Accuracy under corruptions where it was measured.

    Returns:
      What `metrics.json` in the folder holds.

    Raises:
      InputError: If a logit is NaN or infinite, or the split has no face.
    """
    check_logits(logits, model_name)
    found = evaluate_logits(
        split,
        logits,
        model_name=model_name,
        weights_sha256=weights_sha256,
        reference=reference,
        readout=readout,
        command=command,
        neutral=neutral,
        robustness=robustness,
    )
    predictions = make_predictions(split, logits, readout=readout)
    with files.replacing_folder(folder) as partial:
        found.write(partial)
        write_predictions(partial / PREDICTIONS, predictions)
        if parquet:
            write_predictions_table(partial / PREDICTIONS_TABLE, predictions)
        write_scores(partial / SCORES, predictions)
        write_confusion(partial / CONFUSION_TABLE, np.array(found.confusion), split.emotions)
        plot_confusion(np.array(found.confusion), split.emotions, partial / CONFUSION_MATRIX)
        plot_reliability(logits, split.labels, partial / RELIABILITY, readout=readout)
        _write_charts(partial, found)
    return found


def _write_charts(folder: Path, found: Evaluation) -> None:
    """What is drawn of numbers that not every evaluation has."""
    if found.measurements is not None:
        plot_per_class(found.measurements, folder / PER_CLASS)
        plot_risk_coverage(found.measurements, folder / RISK_COVERAGE)
    if found.robustness is not None:
        plot_corruptions(found.robustness, folder / CORRUPTIONS)
        write_corruptions(folder / CORRUPTIONS_TABLE, found.robustness)


def write_confusion(
    path: Path, confusion: Int[np.ndarray, "emotion emotion"], emotions: Sequence[str]
) -> None:
    """Writes the confusion matrix as CSV: a row per label, with counts, then percent of the row.

    Args:
      path: The CSV file.
      confusion: Counts, `[emotion, emotion]`: row = label, column = predicted.
      emotions: Names of the categories, in label order.
    """
    percents = 100 * confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    with files.replacing_text(path) as file:
        writer = csv.writer(file)
        writer.writerow(["label", *emotions, *(f"percent:{emotion}" for emotion in emotions)])
        for emotion, counts, shares in zip(emotions, confusion, percents, strict=True):
            writer.writerow([emotion, *counts.tolist(), *(f"{share:.4f}" for share in shares)])


def plot_confusion(
    confusion: Int[np.ndarray, "emotion emotion"], emotions: Sequence[str], path: Path
) -> None:
    """Writes the confusion matrix as a picture: the share of each true category as a colour.

    Args:
      confusion: Counts, `[emotion, emotion]`: row = label, column = predicted.
      emotions: Names of the categories, in label order.
      path: The PNG file.
    """
    shares = confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    figure = Figure(figsize=(7.2, 6.2), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    figure.colorbar(image, ax=axes, label="share of the true category", shrink=0.85)
    ticks = range(len(emotions))
    axes.set_xticks(ticks, emotions, rotation=30, ha="right")
    axes.set_yticks(ticks, emotions)
    axes.set(xlabel="predicted category", ylabel="true category")
    count = int(confusion.sum())
    axes.set_title(f"{count:,} faces, accuracy {np.trace(confusion) / max(count, 1):.1%}")
    for row in ticks:
        for column in ticks:
            axes.text(
                column,
                row,
                f"{shares[row, column]:.0%}\n{confusion[row, column]}",
                ha="center",
                va="center",
                fontsize=9,
                color="white" if shares[row, column] > 0.55 else "black",
            )
    save_figure(figure, path)
