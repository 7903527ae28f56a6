"""Files of an evaluation: metrics.json, predictions.csv and two pictures."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from matplotlib.figure import Figure

from gimefive_jax import files
from gimefive_jax.data import Split
from gimefive_jax.evaluation.metrics import check_logits
from gimefive_jax.evaluation.reference import ReferenceEvaluation
from gimefive_jax.evaluation.reliability import plot_reliability
from gimefive_jax.evaluation.summary import summarise
from gimefive_jax.readout import PLAIN, Readout


def write_evaluation(
    folder: Path,
    split: Split,
    logits: Float[np.ndarray, "face emotion"],
    *,
    model_name: str,
    weights_sha256: str,
    reference: ReferenceEvaluation | None = None,
    readout: Readout = PLAIN,
) -> dict[str, object]:
    """Write the evaluation of `split` to `folder`, whole or not at all; returns the metrics.

    Accuracy and loss are of the logits as they are, `predictions.csv` holds the probabilities of
    `readout`.
    """
    check_logits(logits, model_name)
    summary: dict[str, object] = {
        "model": model_name,
        "weights_sha256": weights_sha256,
        "data": split.data_name,
        "split": split.name,
        "data_sha256": split.digest,
        **summarise(
            split,
            logits,
            reference=reference,
            readout=readout,
        ),
    }
    confusion = np.array(summary["confusion"])
    with files.replacing_folder(folder) as partial:
        files.write_json(partial / "metrics.json", summary)
        _write_predictions(partial / "predictions.csv", split, logits, readout)
        plot_confusion(confusion, split.emotions, partial / "confusion_matrix.png")
        plot_reliability(logits, split.labels, partial / "reliability.png", readout=readout)
    return summary


def plot_confusion(
    confusion: Int[np.ndarray, "emotion emotion"], emotions: Sequence[str], path: Path
) -> None:
    """Write shares of each true category as colours, with shares and counts, as PNG."""
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
    with files.replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


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
