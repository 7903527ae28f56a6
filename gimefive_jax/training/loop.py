"""Trains into a run folder: checks what could be wrong, opens what is needed, lets the run go."""

import contextlib
import dataclasses
from pathlib import Path

from jax.sharding import Mesh

from gimefive_jax import config as configs
from gimefive_jax import files, parallel
from gimefive_jax.checkpoint import CONFIG, Checkpoints
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.data import data_directory, open_feed, open_split
from gimefive_jax.models import make_model
from gimefive_jax.training.experiment import (
    check_classes,
    check_image_size,
    check_same_data,
    check_same_experiment,
)
from gimefive_jax.training.interrupts import interrupts
from gimefive_jax.training.profile import Profiler
from gimefive_jax.training.run import Ending, Run, Splits
from gimefive_jax.training.run_log import LogRow, write_environment


@dataclasses.dataclass(frozen=True)
class TrainResult:
    """How a call of `train` ended."""

    ending: Ending
    step: int
    best_step: int | None
    best_accuracy: float
    rows: list[LogRow]


def train(
    config: ExperimentConfig,
    folder: Path,
    *,
    mesh: Mesh | None = None,
    progress: bool = True,
    profile: bool = False,
) -> TrainResult:
    """Train into the run `folder`, or go on with the run it holds.

    `profile` traces a few steps into `folder`/profile, for XProf and Perfetto.

    Raises InputError if the folder holds another experiment or the data is not prepared.
    """
    mesh = mesh or parallel.make_mesh()
    parallel.check_batch_size(config.training.batch_size // config.training.micro_batches, mesh)
    # The folder itself, not "the default one": that may be another in another shell.
    directory = data_directory(config.data.directory).absolute()
    config = configs.replace(config, {"data.directory": str(directory)})
    check_same_experiment(config, folder)
    splits = Splits(
        train=open_split(config.data, config.data.train_split),
        validation=open_split(config.data, config.data.validation_split),
    )
    check_classes(config, splits.train)
    digests = {split.name: split.digest for split in (splits.train, splits.validation)}
    check_same_data(digests, folder)
    # Everything that can be wrong is checked before anything is written.
    model = make_model(config.model)
    check_image_size(config, model)
    with (
        files.only_one(folder, doing="trained"),
        Checkpoints(folder) as checkpoints,
        open_feed(
            splits.train,
            placement=config.data.placement,
            batch_size=config.training.batch_size,
            seed=config.seed,
            mesh=mesh,
            num_steps=config.training.steps_per_dispatch,
        ) as feed,
        interrupts() as asked,
    ):
        files.write_json(folder / CONFIG, configs.to_dict(config))
        write_environment(folder, data=digests)
        run = Run(
            config,
            model,
            folder,
            mesh,
            feed,
            splits,
            checkpoints,
            Profiler(folder) if profile else None,
        )
        with contextlib.closing(run):
            ending = run.go(asked, progress=progress)
        return TrainResult(
            ending=ending,
            step=run.step,
            best_step=checkpoints.best_step,
            best_accuracy=float(run.state.loop.best_accuracy),
            rows=run.log.rows,
        )
