"""A run that is interrupted, or killed, ends where an uninterrupted one ends: bit for bit."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import pytest

from data_prep.drawn_faces.records import DrawnNumbers
from data_prep.prepare import prepare
from gimefive_jax import config as configs
from gimefive_jax.api import load
from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.data import open_split, training_batch
from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.errors import InputError
from gimefive_jax.runs import RunFolder
from gimefive_jax.runs.checksums import digest
from gimefive_jax.runs.run_log import read_rows
from gimefive_jax.training.loop import train


def _command(config: ExperimentConfig, folder: Path) -> list[str]:
    source = folder.with_suffix(".json")
    source.write_text(json.dumps(configs.to_dict(config)))
    code = "import sys; from gimefive_jax.cli import main; sys.exit(main())"
    return [sys.executable, "-c", code, "train", "--config", str(source), "--workdir", str(folder)]


def _environment() -> dict[str, str]:
    # One device and one thread count: the conditions under which bits are promised.
    return {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=1"}


def _start(config: ExperimentConfig, folder: Path) -> subprocess.Popen:
    return subprocess.Popen(
        _command(config, folder),
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _wait_for_checkpoint(process: subprocess.Popen, folder: Path) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and process.poll() is None:
        if list((folder / "checkpoints").glob("[0-9]*/commit_success.txt")):
            return
        time.sleep(0.02)
    pytest.fail(f"no checkpoint came: {process.communicate()[0]}")


# Where each test compiles programs of its own: two blocks take half as long as five.
_SHALLOW = {"model.depth": 2}


def _final_digest(folder: Path) -> str:
    with RunFolder(folder).open_checkpoints(read_only=True) as checkpoints:
        step = checkpoints.steps[-1]
    return digest(load(folder / "checkpoints" / str(step)).variables)


@pytest.fixture(scope="module")
def long_config(tiny_config: ExperimentConfig) -> ExperimentConfig:
    # Saves all the time, so that the signal finds it between epochs and inside them.
    return replace(tiny_config, {"training.num_epochs": 12, "training.save_every_minutes": 0.0001})


@pytest.fixture(scope="module")
def uninterrupted(long_config: ExperimentConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "run"
    process = _start(long_config, folder)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return folder


@pytest.mark.parametrize(
    "number",
    [
        *(pytest.param(one, marks=pytest.mark.heavy) for one in (signal.SIGINT, signal.SIGTERM)),
        signal.SIGKILL,
    ],
)
def test_an_interrupted_run_ends_in_the_same_bits(
    number: signal.Signals, long_config: ExperimentConfig, uninterrupted: Path, tmp_path: Path
):
    folder = tmp_path / "run"
    process = _start(long_config, folder)
    _wait_for_checkpoint(process, folder)
    process.send_signal(number)
    output, _ = process.communicate(timeout=120)
    if number == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        # A script stops after Ctrl-C; SIGTERM is how schedulers end what may go on later.
        wanted = (130, "interrupted") if number == signal.SIGINT else (0, "terminated")
        assert process.returncode == wanted[0], output
        assert f"{wanted[1]} at step" in output
        assert "the same command goes on from here" in output
    again = _start(long_config, folder)
    output, _ = again.communicate(timeout=300)
    assert again.returncode == 0, output
    assert _final_digest(folder) == _final_digest(uninterrupted)
    # The log tells one story, whatever happened: the same rows, but for the speed.
    assert [row.step for row in read_rows(folder / "metrics.csv")] == [
        row.step for row in read_rows(uninterrupted / "metrics.csv")
    ]
    assert [row.validation_loss for row in read_rows(folder / "metrics.csv")] == [
        row.validation_loss for row in read_rows(uninterrupted / "metrics.csv")
    ]


def test_a_run_out_of_time_goes_on(tiny_config: ExperimentConfig, tiny_run: Path, tmp_path: Path):
    folder = tmp_path / "run"
    hurried = replace(tiny_config, {"training.max_minutes": 1e-6})
    assert train(hurried, folder, progress=False).ending == "out of time"
    assert train(tiny_config, folder, progress=False).ending == "finished"
    assert _final_digest(folder) == _final_digest(tiny_run)


def test_a_finished_run_is_left_alone(tiny_config: ExperimentConfig, tiny_run: Path):
    before = _final_digest(tiny_run)
    result = train(tiny_config, tiny_run, progress=False)
    assert result.ending == "finished"
    assert _final_digest(tiny_run) == before


@pytest.mark.parametrize(
    "schedule",
    ["plateau", *(pytest.param(one, marks=pytest.mark.heavy) for one in ("constant", "step"))],
)
def test_a_finished_run_trained_longer_ends_in_the_bits_of_a_long_one(
    schedule: str, tiny_config: ExperimentConfig, tmp_path: Path
):
    changes = {"optimizer.schedule": schedule, "optimizer.decay_epochs": 1.5, **_SHALLOW}
    long, short = (
        replace(tiny_config, {**changes, "training.num_epochs": epochs}) for epochs in (4, 2)
    )
    assert train(short, tmp_path / "two", progress=False).step == 9
    assert train(long, tmp_path / "two", progress=False).step == 18
    assert train(long, tmp_path / "four", progress=False).step == 18
    assert _final_digest(tmp_path / "two") == _final_digest(tmp_path / "four")
    two, four = (RunFolder(tmp_path / name) for name in ("two", "four"))
    assert [row.validation_loss for row in two.read_log()] == [
        row.validation_loss for row in four.read_log()
    ]
    assert two.read_config().training.num_epochs == 4
    with pytest.raises(InputError, match=r"trained 4 epochs.*num_epochs=3"):
        train(replace(long, {"training.num_epochs": 3}), tmp_path / "two", progress=False)


def test_a_run_folder_explains_itself(tiny_config: ExperimentConfig, tiny_run: Path):
    named = replace(tiny_config, {"model.emotions": EMOTIONS})
    assert configs.read_config(tiny_run / "config.json") == named
    environment = json.loads((tiny_run / "environment.json").read_text())
    assert environment["packages"]["jax"] == jax.__version__
    assert set(environment["data_sha256"]) == {"train", "validation"}
    rows = read_rows(tiny_run / "metrics.csv")
    # 72 faces in batches of 16: epochs end after 4.5, 9 and 13.5 steps.
    assert [row.step for row in rows] == [5, 9, 14]
    assert (tiny_run / "curves.png").read_bytes()[:4] == b"\x89PNG"


def test_another_experiment_is_refused(tiny_config: ExperimentConfig, tiny_run: Path):
    other = replace(tiny_config, {"optimizer.learning_rate": 0.1})
    with pytest.raises(InputError, match=r"optimizer.learning_rate=0.05, now it is 0.1"):
        train(other, tiny_run, progress=False)


def test_training_stops_after_patience_epochs_without_a_better_one(
    tiny_config: ExperimentConfig, tmp_path: Path
):
    # So small a rate changes no prediction: the first epoch stays the best.
    config = replace(
        tiny_config,
        {
            **_SHALLOW,
            "optimizer.learning_rate": 1e-12,
            "training.average_decay": 0.0,
            "training.patience": 2,
            "training.num_epochs": 9,
        },
    )
    result = train(config, tmp_path / "run", progress=False)
    assert result.ending == "stopped early"
    assert len(result.rows) < 9


def test_a_loss_that_is_no_number_stops_the_run(tiny_config: ExperimentConfig, tmp_path: Path):
    config = replace(tiny_config, {**_SHALLOW, "optimizer.learning_rate": 1e30})
    with pytest.raises(InputError, match=r"lower optimizer\.learning_rate") as caught:
        train(config, tmp_path / "run", progress=False)
    found = re.search(r"infinite at step (\d+) \(batch: (.+) and 8 more\)", str(caught.value))
    assert found is not None, caught.value
    # The first update moves the parameters out of all bounds.
    assert found[1] == "1"
    split = open_split(config.data, "train")
    index = training_batch(split, 1, batch_size=16, seed=config.seed).index
    assert found[2].split(", ") == [split.file_names[row] for row in index[:8]]
    assert "last good checkpoint in" in str(caught.value)


def test_steps_are_taken_and_kept_several_at_a_time(tiny_config: ExperimentConfig, tmp_path: Path):
    config = replace(tiny_config, {**_SHALLOW, "training.steps_per_dispatch": 4})
    hurried = replace(config, {"training.max_minutes": 1e-6})
    assert train(hurried, tmp_path / "run", progress=False).ending == "out of time"
    assert train(config, tmp_path / "run", progress=False).ending == "finished"
    # Epochs of 4.5 steps end at the next multiple.
    assert [row.step for row in read_rows(tmp_path / "run/metrics.csv")] == [8, 12, 16]
    train(config, tmp_path / "whole", progress=False)
    assert _final_digest(tmp_path / "run") == _final_digest(tmp_path / "whole")


def test_a_batch_the_devices_cannot_share_is_refused(tiny_config: ExperimentConfig, tmp_path: Path):
    config = replace(tiny_config, {"training.batch_size": 12})
    with pytest.raises(InputError, match="batch_size 12 must be a multiple of the 8 devices"):
        train(config, tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_a_run_does_not_go_on_with_other_faces(tiny_config: ExperimentConfig, tmp_path: Path):
    config = replace(
        tiny_config, {"data.directory": str(tmp_path / "data"), "training.num_epochs": 1}
    )
    prepare("drawn_faces", data_dir=tmp_path / "data", options=DrawnNumbers(32, 12, 12, 0))
    train(config, tmp_path / "run", progress=False)
    prepare("drawn_faces", data_dir=tmp_path / "data", options=DrawnNumbers(32, 12, 12, 1))
    with pytest.raises(InputError, match="was trained on other faces than train holds now"):
        train(config, tmp_path / "run", progress=False)


@pytest.mark.parametrize("text", ["garbage", "step,epoch\n1,"])
def test_a_damaged_log_is_named(text: str, tmp_path: Path):
    (tmp_path / "metrics.csv").write_text(text)
    with pytest.raises(InputError, match=r"metrics\.csv is damaged"):
        read_rows(tmp_path / "metrics.csv")


def test_a_model_too_deep_for_its_image_is_refused_before_anything_is_written(
    tiny_config: ExperimentConfig, tmp_path: Path
):
    deep = replace(tiny_config, {"model.name": "gimefive_deep"})
    with pytest.raises(InputError, match=r"double data\.image_size for this model"):
        train(deep, tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()
