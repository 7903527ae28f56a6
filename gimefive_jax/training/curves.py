"""Loss and accuracy over the epochs, as a picture."""

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from gimefive_jax.plots import save_figure
from gimefive_jax.runs import LogRow

# Okabe and Ito's blue and vermilion: told apart with any colour vision, also by their lines.
TRAIN = {"color": "#0072B2", "linestyle": "--", "marker": "o", "markersize": 3}
VALIDATION = {"color": "#D55E00", "linestyle": "-", "marker": "s", "markersize": 3}


def plot_curves(rows: list[LogRow], path: Path) -> None:
    """Draws loss, accuracy and learning rate against epochs.

    Args:
      rows: The log; at least one row.
      path: PNG file to write.
    """
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    loss, accuracy, rate = figure.subplots(1, 3)
    epochs = [row.epoch for row in rows]
    loss.plot(epochs, [row.train_loss for row in rows], label="train", **TRAIN)
    loss.plot(epochs, [row.validation_loss for row in rows], label="validation", **VALIDATION)
    loss.set(title="Loss", ylabel="cross-entropy (nats)")
    accuracy.plot(epochs, [row.train_accuracy for row in rows], label="train", **TRAIN)
    accuracy.plot(
        epochs, [row.validation_accuracy for row in rows], label="validation", **VALIDATION
    )
    best = max(rows, key=lambda row: row.validation_accuracy)
    accuracy.plot(best.epoch, best.validation_accuracy, "*", color="black", markersize=9)
    accuracy.set(title=f"Accuracy (★ best validation {best.validation_accuracy:.1%})")
    accuracy.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    rate.plot(
        epochs, [row.learning_rate for row in rows], color="#009E73", marker="o", markersize=3
    )
    rate.set(title="Learning rate")
    loss.legend(frameon=False, loc="upper right")
    accuracy.legend(frameon=False, loc="lower right")
    for axes in (loss, accuracy, rate):
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    save_figure(figure, path)
