"""Several processes train what one trains, into one run folder, and end together."""

import signal
import time
from pathlib import Path

import jax
import numpy as np
import pytest

from gimefive_jax import parallel
from gimefive_jax.api import load
from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.parallel.start import HEARTBEAT_SECONDS
from gimefive_jax.runs.run_log import read_rows
from gimefive_jax.training.initial import read_initial
from gimefive_jax.training.loop import train
from tests.processes import Processes
from tests.relative import relative_difference
from tests.tolerances import RELATIVE

# Each starts several commands, of which each compiles. What processes tell each other is in the
# default suite: tests/parallel/test_agreement.py.
pytestmark = pytest.mark.heavy
# 72 faces in batches of 16: 4.5 steps an epoch.
_STEPS = 32


@pytest.fixture(scope="module")
def sgd_config(tiny_config: ExperimentConfig) -> ExperimentConfig:
    # Plain SGD: Adam would blow the rounding of gradients that are zero up to its own step.
    return replace(
        tiny_config,
        {
            "optimizer.learning_rate": 1e-3,
            "training.num_epochs": 7,
            "training.average_decay": 0.0,
        },
    )


@pytest.fixture(scope="module")
def one_process(sgd_config: ExperimentConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run of one process with eight devices."""
    folder = tmp_path_factory.mktemp("one") / "run"
    assert train(sgd_config, folder, progress=False).step == _STEPS
    return folder


def _assert_same_run(folder: Path, other: Path) -> None:
    ours, theirs = (load(one / "checkpoints" / str(_STEPS)).variables for one in (folder, other))
    paths = jax.tree_util.tree_leaves_with_path(ours)
    for (path, found), wanted in zip(paths, jax.tree.leaves(theirs), strict=True):
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        if name.endswith("conv/bias"):
            # Before a batch norm: its gradient is zero, so nothing but rounding moves it from zero.
            assert np.abs(found - wanted).max() < RELATIVE, name
        else:
            assert relative_difference(found, wanted) < RELATIVE, name
    for row, wanted in zip(
        *(read_rows(one / "metrics.csv") for one in (folder, other)), strict=True
    ):
        assert row.step == wanted.step
        assert row.train_loss == pytest.approx(wanted.train_loss, rel=RELATIVE)
        assert row.validation_loss == pytest.approx(wanted.validation_loss, rel=RELATIVE)
        assert row.train_accuracy == wanted.train_accuracy
        assert row.validation_accuracy == wanted.validation_accuracy


def test_two_processes_of_four_devices_take_the_steps_of_one_process(
    sgd_config: ExperimentConfig, one_process: Path, tmp_path: Path
):
    both = Processes(sgd_config, tmp_path / "run")
    assert both.end() == [0, 0], both.text()
    _assert_same_run(tmp_path / "run", one_process)
    assert f"finished at step {_STEPS}" in both.text(0)
    assert "finished" not in both.text(1)


@pytest.mark.parametrize(
    "changes",
    [
        {"data.placement": "device", "training.steps_per_dispatch": 4},
        {"training.shard_parameters": True, "model.width": 0.125},
    ],
    ids=["split on the devices, four steps a call", "divided parameters"],
)
def test_two_processes_take_the_steps_of_one_device(
    changes: dict[str, object], sgd_config: ExperimentConfig, tmp_path: Path
):
    # With seed 0 some machines part in one channel of the first block, before and after this code
    # was written anew: most likely a ReLU that the order of a sum decides.
    config = replace(sgd_config, {**changes, "seed": 1})
    both = Processes(config, tmp_path / "two")
    assert both.end() == [0, 0], both.text()
    train(config, tmp_path / "one", progress=False, mesh=parallel.make_mesh(1))
    _assert_same_run(tmp_path / "two", tmp_path / "one")


def test_two_processes_begin_from_weights_as_one_does(
    sgd_config: ExperimentConfig, one_process: Path, tmp_path: Path
):
    config = replace(sgd_config, {"optimizer.frozen": ("block1",)})
    both = Processes(config, tmp_path / "two", extra=["--init", str(one_process)])
    assert both.end() == [0, 0], both.text()
    assert f"began from {one_process}" in both.text(0)
    assert "began from" not in both.text(1)
    initial = read_initial(one_process)
    train(config, tmp_path / "one", progress=False, init=initial)
    _assert_same_run(tmp_path / "two", tmp_path / "one")


def test_a_run_goes_on_with_another_number_of_processes(
    sgd_config: ExperimentConfig, one_process: Path, tmp_path: Path
):
    folder = tmp_path / "run"
    hurried = replace(sgd_config, {"training.max_minutes": 1e-6})
    for count in (2, 1):
        some = Processes(hurried, folder, count=count)
        assert some.end() == [0] * count, some.text()
        assert "out of time at step" in some.text(0)
    last = Processes(sgd_config, folder, count=2, devices=2)
    assert last.end() == [0, 0], last.text()
    _assert_same_run(folder, one_process)


@pytest.mark.parametrize("number", [0, 1])
def test_sigterm_to_one_process_ends_all_at_the_same_saved_step(
    number: int, sgd_config: ExperimentConfig, tmp_path: Path
):
    folder = tmp_path / "run"
    both = Processes(replace(sgd_config, {"training.num_epochs": 500}), folder)
    both.wait_for_checkpoint(folder)
    both.started[number].send_signal(signal.SIGTERM)
    assert both.end() == [0, 0], both.text()
    said = both.text(0)
    assert "terminated at step" in said
    assert "the same command goes on from here" in said
    step = said.split("terminated at step ")[1].split(";")[0].split(",")[0]
    assert (folder / "checkpoints" / step / "commit_success.txt").exists()


@pytest.mark.parametrize("number", [0, 1])
def test_a_killed_process_ends_the_others_and_the_run_goes_on(
    number: int, sgd_config: ExperimentConfig, one_process: Path, tmp_path: Path
):
    folder = tmp_path / "run"
    both = Processes(replace(sgd_config, {"training.save_every_minutes": 1e-4}), folder)
    both.wait_for_checkpoint(folder)
    both.started[number].kill()
    killed_at = time.monotonic()
    statuses = both.end()
    assert statuses[number] == -signal.SIGKILL
    assert statuses[1 - number] not in (0, 2), both.text(1 - number)
    assert time.monotonic() - killed_at < HEARTBEAT_SECONDS + 30
    again = Processes(replace(sgd_config, {"training.save_every_minutes": 1e-4}), folder)
    assert again.end() == [0, 0], again.text()
    _assert_same_run(folder, one_process)


def test_a_mistake_on_one_process_ends_all_with_one_line(
    sgd_config: ExperimentConfig, one_process: Path, tmp_path: Path
):
    other = replace(sgd_config, {"optimizer.learning_rate": 0.5})
    folder = tmp_path / "run"
    folder.symlink_to(one_process)
    both = Processes(other, folder)
    assert both.end() == [2, 2], both.text()
    for number in (0, 1):
        [line] = both.mistakes(number)
        assert "process 0 on" in line
        assert "holds a run with optimizer.learning_rate=0.001, now it is 0.5" in line
    empty = Processes(
        sgd_config, tmp_path / "new", extra_of_last=["--data-dir", str(tmp_path / "nothing")]
    )
    assert empty.end() == [2, 2], empty.text()
    for number in (0, 1):
        [line] = empty.mistakes(number)
        assert "process 1 on" in line
        assert "is not prepared in" in line
    assert not (tmp_path / "new").exists()
    apart = Processes(sgd_config, tmp_path / "new", extra_of_last=["--config.seed", "5"])
    assert apart.end() == [2, 2], apart.text()
    for number in (0, 1):
        [line] = apart.mistakes(number)
        assert "give all processes the same" in line


def test_processes_that_disagree_on_their_number_end_with_one_line(
    sgd_config: ExperimentConfig, tmp_path: Path
):
    both = Processes(sgd_config, tmp_path / "run", extra_of_last=["--num-processes", "3"])
    assert both.end() == [2, 2], both.text()
    for number in (0, 1):
        [line] = both.mistakes(number)
        assert "process 1 has --num-processes 3, process 0 has --num-processes 2" in line
    assert not (tmp_path / "run").exists()
