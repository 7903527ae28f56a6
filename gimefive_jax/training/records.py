"""What a run writes into its folder; of several processes only the first does."""

from typing import Self

from gimefive_jax.runs import LogRow, RunFolder
from gimefive_jax.runs.run_log import RunLog
from gimefive_jax.structs import TrainState
from gimefive_jax.training.curves import plot_curves
from gimefive_jax.training.event_files import EventLog
from gimefive_jax.training.saved_state import SavedState


class Records:
    """Checkpoints, log, curves and event files of a run; a context manager.

    Args:
      run: The folder to write into.
      tensorboard: Whether to write event files.
    """

    def __init__(self, run: RunFolder, *, tensorboard: bool) -> None:
        self.run, self.checkpoints = run, run.open_checkpoints()
        self._log = RunLog(run.log_file, step=0)
        self._tensorboard = tensorboard
        self._events: EventLog | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._events is not None:
            self._events.close()
        self.checkpoints.__exit__()

    @property
    def rows(self) -> list[LogRow]:
        """Every evaluation so far."""
        return self._log.rows

    @property
    def latest(self) -> str:
        """The newest checkpoint, in words."""
        latest = self.checkpoints.steps[-1:]
        return f"{self.run.path}: {f'step {latest[0]}' if latest else 'none yet'}"

    @property
    def from_weights(self) -> bool:
        """Whether the folder was made from weights, to train on from them."""
        return self.run.origin_file.is_file()

    def restore(self, like: TrainState) -> TrainState | None:
        """Reads the newest readable state, and drops the rows of the log that lie beyond it.

        Args:
          like: A state with the shapes and shardings that are wanted.

        Returns:
          The state; None where there is no checkpoint yet.

        Raises:
          InputError: Every checkpoint is damaged.
        """
        saved: SavedState | None = self.checkpoints.restore_latest(SavedState.of(like))
        restored = None if saved is None else saved.state()
        step = 0 if restored is None else int(restored.step)
        self._log = RunLog(self.run.log_file, step=step)
        self._events = EventLog(self.run.event_folder, step=step) if self._tensorboard else None
        return restored

    def append(self, row: LogRow) -> None:
        """Writes one evaluation to the log, the curves and the event files."""
        self._log.append(row)
        if self._events is not None:
            self._events.append(row)
        plot_curves(self.rows, self.run.curves_file)

    def save(self, state: TrainState, *, accuracy: float | None) -> None:
        """Writes a checkpoint.

        Args:
          state: The state, on the host.
          accuracy: Its validation accuracy; None where it was not evaluated.

        Raises:
          InputError: It cannot be written.
        """
        self.checkpoints.save(SavedState.of(state), step=int(state.step), accuracy=accuracy)
