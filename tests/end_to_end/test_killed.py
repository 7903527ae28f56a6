"""`kill -9` at any moment, damage on the disk: the same command ends in the same bits."""

import csv
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gimefive_jax import config as configs
from gimefive_jax.api import load
from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.runs import RunFolder
from gimefive_jax.runs.checksums import digest
from gimefive_jax.training.loop import train
from tests.damage import flip_a_bit, largest_file

pytestmark = pytest.mark.heavy
_CODE = "import sys; from gimefive_jax.cli import main; sys.exit(main())"
_NUM_KILLS = 20
# Of a training on a slow machine, until something happens in the run folder.
_PATIENCE_SECONDS = 240


def _start(config: ExperimentConfig, folder: Path) -> subprocess.Popen:
    source = folder.with_suffix(".json")
    source.write_text(json.dumps(configs.to_dict(config)))
    words = ["train", "--config", str(source), "--workdir", str(folder)]
    return subprocess.Popen(
        [sys.executable, "-c", _CODE, *words],
        # One device: bits are promised for the same devices only.
        env={**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _finish(config: ExperimentConfig, folder: Path) -> str:
    """Output of a training that is left alone until its end."""
    process = _start(config, folder)
    output, _ = process.communicate(timeout=_PATIENCE_SECONDS)
    assert process.returncode == 0, output
    return output


@pytest.fixture(scope="module")
def config(tiny_config: ExperimentConfig) -> ExperimentConfig:
    # Several saves within an epoch, because every one is due; epochs enough to be killed in.
    return replace(
        tiny_config,
        {
            "training.batch_size": 4,
            "training.num_epochs": 20,
            "training.save_every_minutes": 1e-6,
        },
    )


@pytest.fixture(scope="module")
def uninterrupted(config: ExperimentConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "run"
    _finish(config, folder)
    return folder


def _steps(folder: Path) -> list[int]:
    names = (path.name for path in RunFolder(folder).checkpoint_folder.glob("*"))
    return sorted(int(name) for name in names if name.isdecimal())


def _log(folder: Path) -> list[dict[str, str]]:
    """Rows of metrics.csv, but for what a clock says."""
    with (folder / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        del row["images_per_second"]
    return rows


def _assert_same_end(folder: Path, wanted: Path) -> None:
    assert _log(folder) == _log(wanted)
    assert _names(folder) == _names(wanted)
    for step in _steps(wanted):
        found, whole = (RunFolder(run).checkpoint_folder / str(step) for run in (folder, wanted))
        # The seal is the sha256 of the whole state: optimizer, averages, patience and all.
        assert _seal(found) == _seal(whole)
        assert digest(load(found).variables) == digest(load(whole).variables)


def _names(folder: Path) -> list[str]:
    """Everything in a run folder that has a name of ours: nothing temporary may be left."""
    found = [*folder.glob("*"), *RunFolder(folder).checkpoint_folder.glob("*")]
    return sorted(str(path.relative_to(folder)) for path in found)


def _seal(checkpoint: Path) -> str:
    return (checkpoint / "seal" / "metadata").read_text()


@dataclasses.dataclass(frozen=True)
class _Moment:
    """When to kill: soon after something shows in the run folder that did not before."""

    sign: Callable[[Path], object]
    longest_delay: float
    """In seconds."""


def _half_checkpoints(folder: Path) -> set[str]:
    return {path.name for path in RunFolder(folder).checkpoint_folder.glob("*tmp*")}


def _leaving_checkpoints(folder: Path) -> set[str]:
    return {path.name for path in RunFolder(folder).checkpoint_folder.glob("*.discarded")}


def _half_files(folder: Path) -> set[str]:
    return {path.name for path in folder.glob(".*.partial")}


def _log_time(folder: Path) -> int:
    path = folder / "metrics.csv"
    return path.stat().st_mtime_ns if path.exists() else 0


_MOMENTS = {
    "starting": _Moment(lambda _: time.monotonic(), 6.0),
    "saving": _Moment(_half_checkpoints, 0.03),
    "deleting": _Moment(_leaving_checkpoints, 0.002),
    "stepping": _Moment(lambda folder: tuple(_steps(folder)), 0.5),
    "writing a file": _Moment(_half_files, 0.001),
    "evaluated": _Moment(_log_time, 0.3),
}


def _kill(process: subprocess.Popen, folder: Path, moment: _Moment, delay: float) -> None:
    """Kill the process `delay` seconds after the sign of the moment changes to another one.

    Sooner if there is another checkpoint by then, so that a fast machine does not end first.
    """
    before, deadline = moment.sign(folder), time.monotonic() + _PATIENCE_SECONDS
    while (now := moment.sign(folder)) == before or not now:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "nothing happens"
        time.sleep(0.0005)
    steps, until = _steps(folder), time.monotonic() + delay
    while time.monotonic() < until and _steps(folder)[-1:] == steps[-1:]:
        time.sleep(0.0005)
    process.kill()
    output, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL, f"it ended before it was killed: {output}"


def test_a_run_killed_twenty_times_ends_in_the_same_bits(
    config: ExperimentConfig, uninterrupted: Path, tmp_path: Path
):
    folder = tmp_path / "run"
    generator = np.random.default_rng(0)
    names = generator.permutation(np.resize(list(_MOMENTS), _NUM_KILLS))
    half_saved = unsaved_rows = 0
    reached = []
    for name in names:
        moment = _MOMENTS[name]
        process = _start(config, folder)
        _kill(process, folder, moment, generator.uniform(0, moment.longest_delay))
        half_saved += bool(_half_checkpoints(folder))
        rows = _log(folder) if _log_time(folder) else []
        unsaved_rows += bool(rows) and int(rows[-1]["step"]) > max(_steps(folder), default=0)
        reached.append(max(_steps(folder), default=0))
    # The kills came when they were meant to, and each run went on from where the last one was.
    assert half_saved, "no kill within a save"
    assert unsaved_rows, "no kill between an evaluation and its checkpoint"
    assert reached == sorted(reached)
    _finish(config, folder)
    _assert_same_end(folder, uninterrupted)


@pytest.mark.parametrize("part", ["state", "seal", "metrics"])
def test_damage_to_the_newest_checkpoint_costs_a_few_steps(
    part: str, config: ExperimentConfig, uninterrupted: Path, tmp_path: Path
):
    folder = shutil.copytree(uninterrupted, tmp_path / "run")
    newest = RunFolder(folder).checkpoint_folder / str(_steps(folder)[-1])
    place = flip_a_bit(largest_file(newest / part), np.random.default_rng(1))
    output = _finish(config, folder)
    [complaint] = [line for line in output.splitlines() if "it is not used" in line]
    assert complaint.startswith("gimefive: "), place
    assert str(newest) in complaint
    _assert_same_end(folder, uninterrupted)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)], ids=["TERM", "INT"]
)
def test_a_run_asked_to_end_saves_and_goes_on(
    number: signal.Signals,
    status: int,
    config: ExperimentConfig,
    uninterrupted: Path,
    tmp_path: Path,
):
    folder = tmp_path / "run"
    # So that the only checkpoints within epochs are those that the signals cause.
    rarely = replace(config, {"training.save_every_minutes": 60.0})
    generator = np.random.default_rng(number)
    for _ in range(2):
        process, before = _start(rarely, folder), _log_time(folder)
        while _log_time(folder) == before:
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.001)
        time.sleep(generator.uniform(0, 0.5))
        process.send_signal(number)
        output, _ = process.communicate(timeout=_PATIENCE_SECONDS)
        assert process.returncode == status, output
        assert f"at step {_steps(folder)[-1]};" in output
        assert "the same command goes on from here" in output
    _finish(config, folder)
    _assert_same_end(folder, uninterrupted)


def test_a_run_that_ended_before_its_first_step_is_no_run_from_weights(
    tiny_config: ExperimentConfig, tmp_path: Path
):
    # So small a rate that no epoch is better than the start: whoever evaluates that keeps it.
    config = replace(tiny_config, {"optimizer.learning_rate": 1e-12, "training.num_epochs": 2})
    whole = train(config, tmp_path / "whole", progress=False)
    hurried = replace(config, {"training.max_minutes": 1e-6})
    assert train(hurried, tmp_path / "run", progress=False).step == 0
    result = train(config, tmp_path / "run", progress=False)
    assert result.best_step == whole.best_step
    _assert_same_end(tmp_path / "run", tmp_path / "whole")
