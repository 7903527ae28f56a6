"""Options that several verbs share."""

import dataclasses
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gimefive_jax.api import Classifier
    from gimefive_jax.config import DataConfig, ExperimentConfig
    from gimefive_jax.data import Split


@dataclasses.dataclass(frozen=True)
class DataOptions:
    """Which prepared split a verb works on."""

    data: str | None = None
    """Prepared data set, NAME or NAME/VARIANT; by default the one the model was trained on."""
    split: str = "test"
    """Split of the data set, as `gimefive data list` shows them."""
    data_dir: Path | None = None
    """Folder of prepared data sets; by default the one trained from if it is still there, else
    $TFDS_DATA_DIR, else ~/tensorflow_datasets."""

    def config(self, trained: "ExperimentConfig") -> "DataConfig":
        """Data settings of the model, with what the options replace."""
        from gimefive_jax.config import DataName

        data = trained.data
        if self.data is not None:
            named = DataName.parse(self.data, variant=data.variant)
            data = dataclasses.replace(data, name=named.name, variant=named.variant)
        if self.data_dir is not None:
            data = dataclasses.replace(data, directory=str(self.data_dir))
        elif not Path(data.directory).is_dir():
            # A run that came from another machine.
            data = dataclasses.replace(data, directory="")
        return data

    def open(self, classifier: "Classifier", *, limit: int | None = None) -> "Split":
        """Opens the split for a model.

        Args:
          classifier: The model, whose data it is unless the options name another.
          limit: Only so many faces, evenly spread; None takes all.

        Raises:
          InputError: There is no such split, or its categories are not the model's.
        """
        from gimefive_jax.data import sample_faces

        split = classifier.open_split(self.split, data=self.config(classifier.config))
        return split if limit is None else sample_faces(split, limit)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProcessOptions:
    """Whether several processes share the work."""

    distributed: bool = False
    """Work over all processes of a TPU slice, SLURM step or Open MPI job, which run this command
    each; joined without asking where these say that there are several. See docs/scaling.md."""
    alone: bool = False
    """Work alone even where SLURM and the like have started several processes."""
    coordinator: str = ""
    """HOST:PORT of process 0, for processes that are started by hand; a free port."""
    num_processes: int | None = None
    """How many processes are started by hand."""
    process_id: int | None = None
    """Number of this one, from 0; process 0 alone writes the results."""
    connect_seconds: float = 120.0
    """How long to wait for the other processes, in seconds."""

    def run(self, work: Callable[[], int]) -> int:
        """Does the work as one of the processes, or alone; nothing may have used a device before.

        Args:
          work: What each process does; a mistake in it must be raised on all of them.

        Returns:
          Exit status of the work. Where another process has ended this one ends at once instead.

        Raises:
          InputError: The options contradict each other, or the processes do not find each other.
        """
        from gimefive_jax import parallel

        start = parallel.Start(
            distributed=self.distributed,
            alone=self.alone,
            coordinator=self.coordinator,
            num_processes=self.num_processes,
            process_id=self.process_id,
            connect_seconds=self.connect_seconds,
        )
        if start.announcement:
            print(start.announcement, file=sys.stderr, flush=True)
        try:
            with parallel.processes(start):
                return work()
        except parallel.ProcessLostError as error:
            print(f"gimefive: {error}", file=sys.stderr, flush=True)
            # Not sys.exit: what cleans up there would wait for the process that has ended.
            os._exit(os.EX_TEMPFAIL)
