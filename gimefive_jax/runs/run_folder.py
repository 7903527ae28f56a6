"""A run folder: the one place that knows which files lie in it, and under which names."""

import contextlib
import dataclasses
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from gimefive_jax import config as configs
from gimefive_jax import files
from gimefive_jax.config import DataName, ExperimentConfig
from gimefive_jax.errors import InputError
from gimefive_jax.runs.environment import Environment
from gimefive_jax.runs.origin import Origin
from gimefive_jax.runs.run_log import LogRow, TrainingState, read_rows, training_state

if TYPE_CHECKING:
    from gimefive_jax.runs.checkpoints import Checkpoints

Stage = Literal["evaluation", "explanations", "faithfulness"]
"""Stages that write results for a split, named as their folders are."""
STAGES: tuple[Stage, ...] = get_args(Stage)
METRICS_FILE = "metrics.json"
"""In the results of an evaluation: what was measured."""


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """The folder of a training run: its paths, typed readers and checkpoints.

    Nothing is read when the object is made, and the folder need not exist yet.

    Args:
      path: The folder that `gimefive train --workdir` writes.
      step: Step of one checkpoint that was chosen by name; None stands for the best one.

    Example:
      >>> RunFolder(Path("runs/a")).log_file.as_posix()
      'runs/a/metrics.csv'
    """

    path: Path
    step: int | None = None

    @property
    def name(self) -> str:
        """Name of the folder, followed by the step of a chosen checkpoint."""
        folder = self.path.absolute().name
        return folder if self.step is None else f"{folder}, step {self.step}"

    @property
    def config_file(self) -> Path:
        """`config.json`: every setting of the experiment."""
        return self.path / configs.CONFIG_FILE

    @property
    def log_file(self) -> Path:
        """`metrics.csv`: a row for each evaluation on the validation split."""
        return self.path / "metrics.csv"

    @property
    def curves_file(self) -> Path:
        """`curves.png`: the log as a picture."""
        return self.path / "curves.png"

    @property
    def environment_file(self) -> Path:
        """`environment.json`: versions, devices and digests of the data."""
        return self.path / "environment.json"

    @property
    def origin_file(self) -> Path:
        """`weights.json`, only in a run that began from weights: where they came from."""
        return self.path / "weights.json"

    @property
    def checkpoint_folder(self) -> Path:
        """`checkpoints/`: a folder for each checkpoint, named by its step."""
        return self.path / "checkpoints"

    @property
    def profile_folder(self) -> Path:
        """`profile/`: traces for XProf and Perfetto."""
        return self.path / "profile"

    @property
    def event_folder(self) -> Path:
        """`tensorboard/`: event files for TensorBoard."""
        return self.path / "tensorboard"

    @property
    def has_config(self) -> bool:
        """Whether the folder holds a `config.json`, as every run folder does."""
        return self.config_file.is_file()

    @property
    def has_run(self) -> bool:
        """Whether there is a log or a folder of checkpoints."""
        return self.log_file.is_file() or self.checkpoint_folder.is_dir()

    @property
    def has_checkpoint(self) -> bool:
        """Whether at least one checkpoint is there, be it readable or not."""
        return any(self.checkpoint_folder.glob("[0-9]*"))

    def read_config(self) -> ExperimentConfig:
        """Reads the settings of the run.

        Returns:
          The settings, as they were when the run was last begun or continued.

        Raises:
          InputError: There is no `config.json`, or it is damaged.
        """
        if not self.has_config:
            raise InputError(
                f"{self.path} is not a run folder: it holds no {self.config_file.name}, which says "
                "what was trained"
            )
        return configs.read_config(self.config_file)

    def write_config(self, config: ExperimentConfig) -> None:
        """Writes the settings of the run, in one step."""
        files.write_json(self.config_file, configs.to_dict(config))

    def read_log(self) -> list[LogRow]:
        """Reads the rows of the log, in the order in which they were written.

        Returns:
          One row per evaluation; an empty list where there is no log yet.

        Raises:
          InputError: The log is damaged.
        """
        return read_rows(self.log_file)

    def read_environment(self) -> Environment | None:
        """Reads what the run was computed with; None where that was not written.

        Raises:
          InputError: The file is damaged.
        """
        return Environment.read(self.environment_file)

    def read_origin(self) -> Origin | None:
        """Reads which weights the run began from; None for a run from random parameters.

        Raises:
          InputError: The file is damaged.
        """
        return Origin.read(self.origin_file)

    def training_state(self) -> TrainingState:
        """Says from config and log whether training has ended.

        Raises:
          InputError: One of the two files is damaged, or there is no config.
        """
        return training_state(self.read_log(), self.read_config().training)

    def last_change(self) -> datetime.datetime | None:
        """Time of the last change by training, in the local time zone; None in an empty folder."""
        paths = [self.config_file, self.log_file, *self.checkpoint_folder.glob("[0-9]*")]
        times = [path.stat().st_mtime for path in paths if path.exists()]
        return datetime.datetime.fromtimestamp(max(times)).astimezone() if times else None

    def open_checkpoints(self, *, read_only: bool = False) -> "Checkpoints":
        """Opens the checkpoints of the run.

        Args:
          read_only: Write nothing, and leave what a killed process left behind as it is.

        Returns:
          A context manager.
        """
        # Here, because Orbax takes a while to import, and paths need none of it.
        from gimefive_jax.runs.checkpoints import Checkpoints

        return Checkpoints(self.checkpoint_folder, read_only=read_only)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Lets no other process train into the folder while the block runs; makes the folder.

        Raises:
          InputError: Another process is training into it.
        """
        with files.only_one(self.path, doing="trained"):
            yield

    def evaluation_files(self) -> list[Path]:
        """Lists the `metrics.json` of every evaluation in the folder, by name."""
        return sorted(self.path.glob(f"{STAGES[0]}/*/{METRICS_FILE}"))


def results_folder(
    run_folder: Path | None,
    model_name: str,
    stage: Stage,
    *,
    data_name: str,
    split: str,
    step: int | None = None,
    flip: bool = False,
    averaged: bool = True,
) -> Path:
    """Names the folder for the results of a stage on a split.

    Args:
      run_folder: The run that the model is from; None for a model from a file of weights.
      model_name: Name of a model without a run folder.
      stage: Which results.
      data_name: Data set and variant, such as `fer2013/six`.
      split: Name of the split.
      step: Step of a chosen checkpoint, whose results lie beside those of the best one.
      flip: The logits are averages over mirrored images, whose results lie apart as well.
      averaged: Whether the parameters are the run's averages; results of others lie apart.

    Returns:
      `RUN/STAGE/DATA-SPLIT`, or `gimefive-out/MODEL/STAGE/DATA-SPLIT` without a run folder.

    Example:
      >>> folder = results_folder(
      ...     None, "small", "evaluation", data_name="fer2013/six", split="test"
      ... )
      >>> folder.as_posix()
      'gimefive-out/small/evaluation/fer2013-test'
    """
    root = run_folder if run_folder is not None else Path("gimefive-out") / model_name
    data = DataName.parse(data_name).folder
    chosen = "" if step is None else f"-step-{step}"
    views = f"{'-flip' if flip else ''}{'' if averaged else '-not-averaged'}"
    return root / stage / f"{data}-{split}{views}{chosen}"


def is_of_chosen_checkpoint(results: Path) -> bool:
    """Says whether a results folder belongs to a chosen checkpoint and not to the best one."""
    return "-step-" in results.name
