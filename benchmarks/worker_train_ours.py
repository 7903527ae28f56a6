"""Worker of `benchmarks/train.py` that trains as `gimefive train` does: `training/run.py` itself.

Its variants: `driven` takes groups of steps as a run does, faces, progress and sums that are read
included; `bare` takes as many steps on one batch that lies on the device.
"""

import contextlib
import dataclasses
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.noise import make_noise
from benchmarks.worker import Work, serve
from configs.gimefive_fer2013 import get_config
from gimefive_jax import parallel
from gimefive_jax.cli.memory import keep_freed_memory
from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.data import Split, open_feed
from gimefive_jax.data.names import FileNames
from gimefive_jax.emotions import emotion_names
from gimefive_jax.models import make_model
from gimefive_jax.runs import RunFolder
from gimefive_jax.structs import TrainMetrics
from gimefive_jax.training import epoch as stages
from gimefive_jax.training.progress import progress_bar
from gimefive_jax.training.records import Records
from gimefive_jax.training.run import Run, Splits, restore_or_init

T = TypeVar("T")
# More steps than a turn will take.
_NEVER_REACHED = 10**9


@dataclasses.dataclass(frozen=True)
class Settings:
    """What of the paper's recipe is changed, and on how many faces."""

    model: str
    width: float
    batch_size: int
    precision: str
    steps_per_dispatch: int
    num_train: int
    num_validation: int
    image_size: int


class Trainer:
    """One run on noise, open."""

    def __init__(self, settings: Settings) -> None:
        self._open = contextlib.ExitStack()
        self.run = self._open.enter_context(_open_run(settings))
        self._bar = self._open.enter_context(progress_bar(0, 1, settings.batch_size, False))
        self.state = restore_or_init(self.run)
        # The state of steps on one batch alone: each step gives the memory of its state away.
        self._bare_state = jax.tree.map(jnp.copy, self.state)
        self._groups = stages.step_groups(
            self.run, self.state, boundary=_NEVER_REACHED, bar=self._bar
        )
        next(self._groups)  # up to where a run may be asked to end before its first group
        self.step()
        self.steps_of_a_group = self.num_steps
        self._same = self.run.feed.send(0)
        self._waiting: TrainMetrics | None = None

    def step(self) -> None:
        """Send a group of steps off, wait for the one before."""
        self.num_steps, self.state = next(self._groups)

    def bare_step(self) -> None:
        """As many steps on the same batch, and nothing else."""
        run, metrics = self.run, None
        for _ in range(self.steps_of_a_group // run.config.training.steps_per_dispatch):
            self._bare_state, metrics = run.train_steps(
                self._bare_state, run.feed.resident, self._same
            )
        waiting, self._waiting = self._waiting, metrics
        jax.block_until_ready(waiting)

    def finish(self) -> None:
        """Wait for what is under way."""
        jax.block_until_ready((self.state, self._bare_state))
        self._waiting = None

    def epoch(self, number: int) -> dict[str, float]:
        """Seconds of the parts of epoch `number`, its end included."""
        run, seconds = self.run, dict[str, float]()
        with _clocked(seconds, "steps"):
            boundary = run.last_step(number)
            groups = stages.step_groups(run, self.state, boundary=boundary, bar=self._bar)
            *_, (self.num_steps, self.state) = groups
        evaluate = _clock(stages.evaluate, seconds, "validation")
        save = _clock(stages.save, seconds, "saving")
        with (
            _clocked(seconds, "log and curves"),
            mock.patch.object(stages, "evaluate", evaluate),
            mock.patch.object(stages, "save", save),
        ):
            self.state = stages.end_epoch(
                run, self.state, epoch=number, images_per_second=1.0, bar=self._bar
            )
        seconds["log and curves"] -= seconds["validation"] + seconds["saving"]
        return seconds

    def close(self) -> None:
        """Let go of the memory and the temporary run folder."""
        self._open.close()


class _Bench:
    """The trainer that requests speak of; only one at a time has the memory."""

    def __init__(self) -> None:
        self._settings: Settings | None = None
        self._trainer: Trainer | None = None

    def make_work(self, *, variant: str, **values: object) -> Work:
        """Work on the run of these settings."""
        trainer = self._opened(Settings(**values))  # type: ignore[arg-type]
        return Work(trainer.step if variant == "driven" else trainer.bare_step, trainer.finish)

    def steps(self) -> int:
        """Steps of one call."""
        assert self._trainer is not None
        return self._trainer.steps_of_a_group

    def epoch(self, **values: object) -> dict[str, float]:
        """Seconds of the parts of a whole epoch after one that compiles."""
        trainer = self._opened(Settings(**values))  # type: ignore[arg-type]
        # The one under way: groups were taken of it before.
        first = trainer.run.epoch_after(trainer.num_steps)
        trainer.epoch(first)
        return trainer.epoch(first + 1)

    def close(self) -> None:
        """End the run."""
        if self._trainer is not None:
            self._trainer.close()

    def _opened(self, settings: Settings) -> Trainer:
        if self._trainer is None or settings != self._settings:
            self.close()
            # Of the whole process: what is not said about products of float32.
            highest = "highest" if settings.precision == "highest" else None
            jax.config.update("jax_default_matmul_precision", highest)
            self._settings, self._trainer = settings, Trainer(settings)
        return self._trainer


@contextlib.contextmanager
def _open_run(settings: Settings) -> Iterator[Run]:
    config = _config(settings)
    mesh, model = parallel.make_mesh(), make_model(config.model)
    splits = Splits(
        _split("train", settings.num_train, settings.image_size),
        _split("validation", settings.num_validation, settings.image_size),
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        Records(RunFolder(Path(folder)), tensorboard=False) as records,
        open_feed(
            splits.train,
            placement=config.data.placement,
            batch_size=config.training.batch_size,
            seed=config.seed,
            mesh=mesh,
            num_steps=config.training.steps_per_dispatch,
        ) as feed,
    ):
        yield Run(config, model, mesh, feed, splits, records)


def _config(settings: Settings) -> ExperimentConfig:
    half = settings.precision == "bfloat16"
    return replace(
        get_config(),
        {
            "model.name": settings.model,
            "model.width": settings.width,
            "data.image_size": settings.image_size,
            "training.batch_size": settings.batch_size,
            "training.precision": "bfloat16" if half else "float32",
            "training.steps_per_dispatch": settings.steps_per_dispatch,
            # Saves are timed by themselves.
            "training.save_every_minutes": 1e9,
        },
    )


def _split(name: str, num_faces: int, image_size: int) -> Split:
    noise = make_noise(num_faces, image_size=image_size)
    return Split(
        name=name,
        data_name="noise/six",
        images=noise.images,
        labels=noise.labels,
        file_names=FileNames(np.array([f"{name}_{row}" for row in range(num_faces)])),
        emotions=emotion_names(6),
        digest="",
        extras={},
        index=np.arange(num_faces),
    )


def _facts() -> dict[str, object]:
    device = jax.devices()[0]
    return {"platform": device.platform, "device": device.device_kind, "count": jax.device_count()}


@contextlib.contextmanager
def _clocked(seconds: dict[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - started


def _clock(call: Callable[..., T], seconds: dict[str, float], name: str) -> Callable[..., T]:
    def clocked(*args: object, **kwargs: object) -> T:
        with _clocked(seconds, name):
            return call(*args, **kwargs)

    return clocked


if __name__ == "__main__":
    keep_freed_memory()  # as the command does
    with contextlib.closing(_Bench()) as bench:
        serve(bench.make_work, {"steps": bench.steps, "epoch": bench.epoch, "facts": _facts})
