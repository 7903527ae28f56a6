"""Trains into a run folder: checks config and data, opens them, runs the epochs."""

import contextlib
import dataclasses
import hashlib
import json
from pathlib import Path

import flax.linen as nn
from jax.sharding import Mesh

from gimefive_jax import config as configs
from gimefive_jax import parallel
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.data import Feed, data_directory, find_prepared, open_feed, open_split
from gimefive_jax.models import make_model
from gimefive_jax.runs import Environment, LogRow, RunFolder
from gimefive_jax.structs import TrainState
from gimefive_jax.training.epoch import evaluate_start, train_epoch
from gimefive_jax.training.experiment import (
    check_image_size,
    check_same_data,
    check_same_experiment,
    with_categories,
)
from gimefive_jax.training.initial import InitialWeights
from gimefive_jax.training.interrupts import Interrupts, interrupts
from gimefive_jax.training.new_run import NewRun, plan_run
from gimefive_jax.training.profile import Profiler
from gimefive_jax.training.progress import print_line, progress_bar
from gimefive_jax.training.records import Records
from gimefive_jax.training.run import Run, Splits, restore_or_init
from gimefive_jax.training.stop_policy import Ending, StopPolicy


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


@dataclasses.dataclass(frozen=True)
class _Plan:
    """What a call of `train` will do, after all that can be wrong was checked."""

    config: ExperimentConfig
    model: nn.Module
    splits: Splits
    new_run: NewRun | None
    """The first checkpoint of a run that begins from weights; of the first process only."""

    @property
    def digests(self) -> dict[str, str]:
        """sha256 of each split by name."""
        return {split.name: split.digest for split in (self.splits.train, self.splits.validation)}


def train(
    config: ExperimentConfig,
    folder: Path,
    *,
    mesh: Mesh | None = None,
    progress: bool = True,
    profile: bool = False,
    init: InitialWeights | None = None,
) -> TrainResult:
    """Trains into a run folder, or goes on with the run that it holds.

    Of several processes (`jax.distributed`) each makes this call; the first alone reads and writes
    the folder, and a mistake on any of them is raised on all.

    Args:
      config: The experiment. The same settings go on with a run; more `training.num_epochs` train
        it longer where the learning rate does not depend on them.
      folder: The run folder; made where there is none.
      mesh: Devices to train on; by default all of all processes.
      progress: Whether to show a bar on standard error.
      profile: Whether to trace a few steps into `folder`/profile, for XProf and Perfetto.
      init: Weights that a new run begins from, as far as they fit (`read_initial`,
        `with_model_of`); a run that goes on does not ask for them.

    Returns:
      How the call ended, with the log.

    Raises:
      InputError: The folder holds another experiment, the data is not prepared, or the loss is no
        number.
    """
    run_folder, mesh = RunFolder(folder), mesh or parallel.make_mesh()
    parallel.check_processes(mesh)
    parallel.check_batch_size(config.training.batch_size // config.training.micro_batches, mesh)
    with parallel.mistakes_shared():
        plan = _check(config, run_folder, init)
    _check_alike(plan, folder)
    with contextlib.ExitStack() as stack:
        with parallel.mistakes_shared():
            records = _open_records(plan, run_folder, stack, progress=progress)
        feed = stack.enter_context(_open_feed(plan, mesh))
        asked = stack.enter_context(interrupts())
        profiler = Profiler(run_folder.profile_folder) if profile and parallel.is_first() else None
        if profiler is not None:
            stack.callback(profiler.close)
        run = Run(plan.config, plan.model, mesh, feed, plan.splits, records, profiler)
        state, ending = _train(run, restore_or_init(run), asked, progress=progress)
        return TrainResult(
            ending=ending,
            step=int(state.step),
            best_step=records.checkpoints.best_step if records is not None else None,
            best_accuracy=float(state.loop.best_accuracy),
            rows=records.rows if records is not None else [],
        )


def _check(config: ExperimentConfig, run_folder: RunFolder, init: InitialWeights | None) -> _Plan:
    """Opens the data and checks everything that can be wrong before anything is written."""
    # The folder itself, not "the default one": that may be another in another shell.
    directory = data_directory(config.data.directory).absolute()
    config = configs.replace(config, {"data.directory": str(directory)})
    first, prepared = parallel.is_first(), find_prepared(config.data)
    config = with_categories(config, prepared.emotions, of=str(prepared.data_name))
    if first:
        check_same_experiment(config, run_folder)
    splits = Splits(
        train=open_split(config.data, config.data.train_split),
        validation=open_split(config.data, config.data.validation_split),
    )
    plan = _Plan(config, make_model(config.model), splits, new_run=None)
    if first:
        check_same_data(plan.digests, run_folder)
    check_image_size(config, plan.model)
    if init is None or not first or run_folder.has_checkpoint:
        return plan
    return dataclasses.replace(plan, new_run=plan_run(config, init))


def _open_records(
    plan: _Plan, run_folder: RunFolder, stack: contextlib.ExitStack, *, progress: bool
) -> Records | None:
    """Locks the run folder and writes what it begins with; None on all processes but the first."""
    if not parallel.is_first():
        return None
    stack.enter_context(run_folder.locked())
    run_folder.write_config(plan.config)
    if not run_folder.has_checkpoint:
        _begin(run_folder, plan.new_run, progress=progress)
    tensorboard = plan.config.training.tensorboard
    records = stack.enter_context(Records(run_folder, tensorboard=tensorboard))
    Environment.current(data_sha256=plan.digests).write(run_folder.environment_file)
    return records


def _open_feed(plan: _Plan, mesh: Mesh) -> contextlib.AbstractContextManager[Feed]:
    config = plan.config
    return open_feed(
        plan.splits.train,
        placement=config.data.placement,
        batch_size=config.training.batch_size,
        seed=config.seed,
        mesh=mesh,
        num_steps=config.training.steps_per_dispatch,
    )


def _begin(folder: RunFolder, run: NewRun | None, *, progress: bool) -> None:
    """Writes the first checkpoint of a run that begins from weights, and says what was taken."""
    # Of a call that ended before its first checkpoint.
    folder.origin_file.unlink(missing_ok=True)
    if run is not None:
        run.write(folder)
        if progress:
            print_line(run.origin.taken)


def _train(
    run: Run, state: TrainState, asked: Interrupts, *, progress: bool
) -> tuple[TrainState, Ending]:
    """Trains until something ends the run; returns the state then, and what ended it."""
    policy = StopPolicy(run.config.training, asked, run.mesh)
    state = evaluate_start(run, state)
    policy.saved()
    batch_size, shown = run.config.training.batch_size, progress and parallel.is_first()
    with progress_bar(int(state.step), run.num_steps, batch_size, shown) as bar:
        while int(state.step) < run.num_steps and not bool(state.loop.stopped):
            state, ending = train_epoch(run, state, policy, bar)
            if ending is not None:
                return state, ending
    return state, "stopped early" if bool(state.loop.stopped) else "finished"


def _check_alike(plan: _Plan, folder: Path) -> None:
    """Raises InputError on every process unless all were given the same."""
    # Where the data lies is each host's own affair; what it holds is not.
    common = configs.replace(plan.config, {"data.directory": ""})
    settings = hashlib.sha256(json.dumps(configs.to_dict(common)).encode()).hexdigest()
    parallel.check_alike(
        f"--workdir {folder} and settings {settings[:8]}",
        mend="give all processes the same, or --alone to train each by itself",
    )
    for split, digest in plan.digests.items():
        parallel.check_alike(
            f"faces {digest[:8]} in {split}", mend="prepare the same data on every host"
        )
