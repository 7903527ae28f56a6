"""Files of an evaluation: metrics.json, predictions.csv and two pictures."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from matplotlib.figure import Figure

from gimefive_jax import files
from gimefive_jax.data import Split
from gimefive_jax.evaluation.evaluation import Evaluation, evaluate_logits
from gimefive_jax.evaluation.metrics import check_logits
from gimefive_jax.evaluation.reference import ReferenceEvaluation
from gimefive_jax.evaluation.reliability import plot_reliability
from gimefive_jax.plots import save_figure
from gimefive_jax.readout import PLAIN, Readout

PREDICTIONS = "predictions.csv"
CONFUSION_MATRIX, RELIABILITY = "confusion_matrix.png", "reliability.png"


def write_evaluation(
    folder: Path,
    split: Split,
    logits: Float[np.ndarray, "face emotion"],
    *,
    model_name: str,
    weights_sha256: str,
    reference: ReferenceEvaluation | None = None,
    readout: Readout = PLAIN,
) -> Evaluation:
    """Measures the logits of a split and writes the results to a folder, whole or not at all.

    Accuracy and loss are of the logits as they are, `predictions.csv` holds the probabilities of
    `readout`.

    Args:
      folder: Where the files go; replaced if it exists.
      split: The faces that were measured, with labels and file names.
      logits: Logits of its faces, `[face, emotion]`, in the split's order.
      model_name: Name of the model, written to `metrics.json`.
      weights_sha256: Digest of the weights that gave the logits.
      reference: Evaluates as the paper's reference does; None evaluates every face as it is.
      readout: How logits become probabilities.

    Returns:
      What `metrics.json` in the folder holds.

    Raises:
      InputError: If a logit is NaN or infinite.
    """
    check_logits(logits, model_name)
    found = evaluate_logits(
        split,
        logits,
        model_name=model_name,
        weights_sha256=weights_sha256,
        reference=reference,
        readout=readout,
    )
    with files.replacing_folder(folder) as partial:
        found.write(partial)
        _write_predictions(partial / PREDICTIONS, split, logits, readout)
        plot_confusion(np.array(found.confusion), split.emotions, partial / CONFUSION_MATRIX)
        plot_reliability(logits, split.labels, partial / RELIABILITY, readout=readout)
    return found


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


def _write_predictions(
    path: Path, split: Split, logits: Float[np.ndarray, "face emotion"], readout: Readout
) -> None:
    probabilities = readout.probabilities(logits)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", "label", "predicted", *split.emotions])
        for i, predicted in enumerate(logits.argmax(1)):
            writer.writerow(
                [
                    split.file_names[i],
                    split.emotions[split.labels[i]],
                    split.emotions[predicted],
                    *(f"{p:.9g}" for p in probabilities[i]),
                ]
            )
