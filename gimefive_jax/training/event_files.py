"""TensorBoard event files of a run, written without TensorFlow."""

from pathlib import Path

from gimefive_jax.errors import InputError
from gimefive_jax.runs import LogRow

_TAGS = {
    "loss/train": "train_loss",
    "loss/validation": "validation_loss",
    "accuracy/train": "train_accuracy",
    "accuracy/validation": "validation_accuracy",
    "learning_rate": "learning_rate",
    "images_per_second": "images_per_second",
}


class EventLog:
    """Writes the rows of a run's log as scalars for TensorBoard.

    Args:
      folder: Where the event files are written.
      step: Step that the run goes on from; what lies beyond it is no longer shown.

    Raises:
      InputError: The extra `tensorboard` is not installed.
    """

    def __init__(self, folder: Path, *, step: int) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise InputError(
                "training.tensorboard needs tensorboardX, which is not installed; "
                "pip install 'gimefive-jax[tensorboard]', or set it to False"
            ) from error
        # What lies beyond the restored step will be computed again. The name says the step, as
        # a file begun in the same second would otherwise replace the one before.
        self._writer = SummaryWriter(
            str(folder), purge_step=step + 1, filename_suffix=f".{step:09d}"
        )

    def append(self, row: LogRow) -> None:
        """Writes one evaluation to disk."""
        for tag, field in _TAGS.items():
            self._writer.add_scalar(tag, getattr(row, field), row.step)
        self._writer.flush()

    def close(self) -> None:
        """Closes the file."""
        self._writer.close()
