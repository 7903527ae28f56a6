"""Trains into a run folder: checks what could be wrong, opens what is needed, lets the run go."""

import contextlib
import dataclasses
import hashlib
import json
from pathlib import Path

from jax.sharding import Mesh

from gimefive_jax import config as configs
from gimefive_jax import parallel
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.data import data_directory, find_prepared, open_feed, open_split
from gimefive_jax.models import make_model
from gimefive_jax.runs import Environment, LogRow, RunFolder
from gimefive_jax.training.course import Ending
from gimefive_jax.training.experiment import (
    check_image_size,
    check_same_data,
    check_same_experiment,
    with_categories,
)
from gimefive_jax.training.initial import InitialWeights
from gimefive_jax.training.interrupts import interrupts
from gimefive_jax.training.new_run import NewRun, plan_run
from gimefive_jax.training.profile import Profiler
from gimefive_jax.training.progress import print_line
from gimefive_jax.training.records import Records
from gimefive_jax.training.run import Run, Splits


@dataclasses.dataclass(frozen=True)
class TrainResult:
    """How a call of `train` ended."""

    ending: Ending
    step: int
    best_step: int | None
    """Of the first process only, which owns the run folder; None on the others."""
    best_accuracy: float
    rows: list[LogRow]
    """Of the first process only; empty on the others."""


def train(
    config: ExperimentConfig,
    folder: Path,
    *,
    mesh: Mesh | None = None,
    progress: bool = True,
    profile: bool = False,
    init: InitialWeights | None = None,
) -> TrainResult:
    """Train into the run `folder`, or go on with the run it holds.

    Of several processes (`jax.distributed`) each makes this call; the first alone reads and writes
    `folder`, and a mistake on any of them is raised on all. `profile` traces a few steps into
    `folder`/profile, for XProf and Perfetto. A new run begins from the weights `init`, as far as
    they fit (`read_initial`, `with_model_of`); one that goes on does not ask for them.

    Raises InputError if the folder holds another experiment or the data is not prepared.
    """
    first, run_folder = parallel.is_first(), RunFolder(folder)
    mesh = mesh or parallel.make_mesh()
    parallel.check_processes(mesh)
    parallel.check_batch_size(config.training.batch_size // config.training.micro_batches, mesh)
    # The folder itself, not "the default one": that may be another in another shell.
    directory = data_directory(config.data.directory).absolute()
    config = configs.replace(config, {"data.directory": str(directory)})
    with parallel.mistakes_shared():
        prepared = find_prepared(config.data)
        config = with_categories(config, prepared.emotions, of=str(prepared.data_name))
        if first:
            check_same_experiment(config, run_folder)
        splits = Splits(
            train=open_split(config.data, config.data.train_split),
            validation=open_split(config.data, config.data.validation_split),
        )
        digests = {split.name: split.digest for split in (splits.train, splits.validation)}
        if first:
            check_same_data(digests, run_folder)
        # Everything that can be wrong is checked before anything is written.
        model = make_model(config.model)
        check_image_size(config, model)
        begins = init if first and not run_folder.has_checkpoint else None
        new_run = None if begins is None else plan_run(config, begins)
    _check_alike(config, folder, digests)
    with contextlib.ExitStack() as stack:
        records = None
        with parallel.mistakes_shared():
            if first:
                stack.enter_context(run_folder.locked())
                tensorboard = config.training.tensorboard
                run_folder.write_config(config)
                if not run_folder.has_checkpoint:
                    _begin(run_folder, new_run, progress=progress)
                records = stack.enter_context(Records(run_folder, tensorboard=tensorboard))
                Environment.current(data_sha256=digests).write(run_folder.environment_file)
        feed = stack.enter_context(
            open_feed(
                splits.train,
                placement=config.data.placement,
                batch_size=config.training.batch_size,
                seed=config.seed,
                mesh=mesh,
                num_steps=config.training.steps_per_dispatch,
            )
        )
        asked = stack.enter_context(interrupts())
        profiler = Profiler(run_folder.profile_folder) if profile and first else None
        run = Run(config, model, mesh, feed, splits, records, profiler)
        with contextlib.closing(run):
            ending = run.go(asked, progress=progress and first)
        return TrainResult(
            ending=ending,
            step=run.step,
            best_step=records.checkpoints.best_step if records is not None else None,
            best_accuracy=float(run.state.loop.best_accuracy),
            rows=records.rows if records is not None else [],
        )


def _begin(folder: RunFolder, run: NewRun | None, *, progress: bool) -> None:
    """Write the first checkpoint of a run that begins from weights, and say what was taken."""
    # Of a call that ended before its first checkpoint.
    folder.origin_file.unlink(missing_ok=True)
    if run is not None:
        run.write(folder)
        if progress:
            print_line(run.origin.taken)


def _check_alike(config: ExperimentConfig, folder: Path, digests: dict[str, str]) -> None:
    """Raise InputError on every process unless all were given the same."""
    # Where the data lies is each host's own affair; what it holds is not.
    common = configs.replace(config, {"data.directory": ""})
    settings = hashlib.sha256(json.dumps(configs.to_dict(common)).encode()).hexdigest()
    parallel.check_alike(
        f"--workdir {folder} and settings {settings[:8]}",
        mend="give all processes the same, or --alone to train each by itself",
    )
    for split, digest in digests.items():
        parallel.check_alike(
            f"faces {digest[:8]} in {split}", mend="prepare the same data on every host"
        )
