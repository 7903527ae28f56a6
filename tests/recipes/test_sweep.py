"""A sweep of real trainings: failed, out of time, interrupted, added to."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gimefive_jax import config as configs
from gimefive_jax.api import load
from gimefive_jax.config import ExperimentConfig, SweepConfig
from gimefive_jax.errors import InputError
from gimefive_jax.recipes import sweep as recipe
from gimefive_jax.recipes.sweep import SweepResult, sweep
from gimefive_jax.runs.checksums import digest
from gimefive_jax.training.loop import TrainResult


def _sweep(config: SweepConfig, out: Path) -> tuple[SweepResult, list[str]]:
    lines: list[str] = []
    return sweep(config, out, say=lines.append, progress=False), lines


def _results(out: Path, name: str = "results.csv") -> list[dict[str, str]]:
    with (out / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _states(out: Path) -> dict[str, str]:
    return {row["trial"]: row["state"] for row in _results(out)}


@pytest.fixture(scope="module")
def base(tiny_config: ExperimentConfig) -> ExperimentConfig:
    # Each trial compiles programs of its own: two blocks take half as long as five.
    return configs.replace(tiny_config, {"training.num_epochs": 1, "model.depth": 2})


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the run folders that are trained, in order."""
    names: list[str] = []
    train = recipe.train

    def noting(config: ExperimentConfig, folder: Path, *, progress: bool = True) -> TrainResult:
        names.append(folder.name)
        return train(config, folder, progress=progress)

    monkeypatch.setattr(recipe, "train", noting)
    return names


def test_a_failed_trial_is_recorded_and_the_rest_goes_on(
    base: ExperimentConfig, tmp_path: Path, trained: list[str]
):
    config = SweepConfig(base, {"optimizer.learning_rate": (1e30, 0.05)})
    result, lines = _sweep(config, tmp_path / "out")
    assert result.ending == "done"
    assert result.failed == ("learning_rate=1e+30-seed0",)
    assert _states(tmp_path / "out") == {
        "learning_rate=1e+30-seed0": "failed",
        "learning_rate=0.05-seed0": "finished",
    }
    first, second = _results(tmp_path / "out")
    assert "lower optimizer.learning_rate" in first["reason"]
    assert (second["optimizer.learning_rate"], second["epochs"], second["reason"]) == (
        "0.05",
        "1",
        "",
    )
    assert float(second["minutes"]) > 0
    # The ranking has no mean for what did not end; it comes last.
    ranked = _results(tmp_path / "out", "settings.csv")
    assert [row["setting"] for row in ranked] == ["learning_rate=0.05", "learning_rate=1e+30"]
    assert ranked[0]["mean_best_validation_accuracy"] == second["best_validation_accuracy"]
    assert (ranked[1]["num_ended"], ranked[1]["mean_best_validation_accuracy"]) == ("0", "")
    assert any("failed: " in line for line in lines)
    # At the next call the finished one is skipped, the failed one tried again.
    del trained[:]
    _sweep(config, tmp_path / "out")
    assert trained == ["learning_rate=1e+30-seed0"]


def test_a_trial_out_of_time_goes_on_and_a_sweep_can_be_added_to(
    base: ExperimentConfig, tmp_path: Path, trained: list[str]
):
    out = tmp_path / "out"
    hurried = configs.replace(base, {"training.max_minutes": 1e-6})
    fields = {"optimizer.learning_rate": (0.05,)}
    result, _ = _sweep(SweepConfig(hurried, fields), out)
    assert result.out_of_time == ("learning_rate=0.05-seed0",)
    assert _states(out) == {"learning_rate=0.05-seed0": "out of time"}
    result, _ = _sweep(SweepConfig(base, fields), out)
    assert (result.out_of_time, set(_states(out).values())) == ((), {"finished"})
    before = _results(out)
    del trained[:]
    _sweep(SweepConfig(base, fields, seeds=(0, 1)), out)
    assert trained == ["learning_rate=0.05-seed1"]
    after = _results(out)
    assert [row for row in after if row["seed"] == "0"] == before
    assert {row["num_ended"] for row in _results(out, "settings.csv")} == {"2"}
    assert "| learning_rate=0.05 |" in (out / "results.md").read_text()


def test_a_call_without_minutes_left_trains_nothing_more(
    base: ExperimentConfig, tmp_path: Path, trained: list[str]
):
    config = SweepConfig(base, {"optimizer.learning_rate": (0.05,)}, seeds=(0, 1))
    result = sweep(config, tmp_path / "out", say=print, progress=False, max_minutes=1e-9)
    assert (result.ending, trained) == ("out of time", [])
    assert set(_states(tmp_path / "out").values()) == {"waiting"}


def test_the_minutes_of_a_call_bound_those_of_its_trial(
    base: ExperimentConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    minutes: list[float] = []

    def stopping(config: ExperimentConfig, folder: Path, *, progress: bool = True) -> TrainResult:
        minutes.append(config.training.max_minutes)
        return TrainResult("out of time", step=0, best_step=None, best_accuracy=0.0, rows=[])

    monkeypatch.setattr(recipe, "train", stopping)
    for own in (0.0, 3.0, 90.0):
        hurried = configs.replace(base, {"training.max_minutes": own})
        config = SweepConfig(hurried, {}, search="each")
        sweep(config, tmp_path / "out", say=print, progress=False, max_minutes=60)
    assert minutes == [pytest.approx(60, abs=1), 3.0, pytest.approx(60, abs=1)]


def test_a_skipped_trial_stays_in_the_plan_untrained(
    base: ExperimentConfig, tmp_path: Path, trained: list[str]
):
    config, out = SweepConfig(base, {}, search="each", seeds=(0, 1)), tmp_path / "out"
    sweep(config, out, say=print, progress=False, skip=("base-seed0",))
    assert trained == ["base-seed1"]
    assert _states(out) == {"base-seed0": "waiting", "base-seed1": "finished"}


def test_a_sweep_without_its_data_writes_nothing(base: ExperimentConfig, tmp_path: Path):
    elsewhere = configs.replace(base, {"data.directory": str(tmp_path / "nothing")})
    config = SweepConfig(elsewhere, {"optimizer.learning_rate": (0.01, 0.05)})
    with pytest.raises(InputError, match="gimefive data prepare drawn_faces"):
        _sweep(config, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def _start(base: ExperimentConfig, out: Path) -> subprocess.Popen:
    source = out.with_suffix(".py")
    source.write_text(
        "from gimefive_jax.config import SweepConfig, from_dict\n"
        f"def get_sweep():\n    return SweepConfig(from_dict({configs.to_dict(base)!r}),\n"
        "        {'optimizer.learning_rate': (0.01, 0.05)}, seeds=(0, 1))\n"
    )
    code = "import sys; from gimefive_jax.cli import main; sys.exit(main())"
    return subprocess.Popen(
        [sys.executable, "-c", code, "sweep", "--config", str(source), "--out", str(out)],
        # One device and one thread count: the conditions under which bits are promised.
        env={**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def long_base(base: ExperimentConfig) -> ExperimentConfig:
    # Saves all the time, so that a signal finds a trial between epochs and inside them.
    fields = {"training.num_epochs": 6, "training.save_every_minutes": 0.0001}
    return configs.replace(base, fields)


@pytest.fixture(scope="module")
def uninterrupted(long_base: ExperimentConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "out"
    process = _start(long_base, out)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return out


@pytest.mark.heavy
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_sweep_ends_as_an_uninterrupted_one(
    number: signal.Signals, long_base: ExperimentConfig, uninterrupted: Path, tmp_path: Path
):
    out = tmp_path / "out"
    process = _start(long_base, out)
    second = out / "trials" / "learning_rate=0.01-seed1" / "checkpoints"
    deadline = time.monotonic() + 240
    while not list(second.glob("[0-9]*/commit_success.txt")):
        assert time.monotonic() < deadline, "the second trial saved nothing"
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)
    process.send_signal(number)
    output, _ = process.communicate(timeout=120)
    if number == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == (130 if number == signal.SIGINT else 0), output
        assert "the same command goes on from here" in output
    states = _states(out)
    assert states["learning_rate=0.01-seed0"] == "finished"
    assert states["learning_rate=0.05-seed1"] == "waiting"
    again = _start(long_base, out)
    output, _ = again.communicate(timeout=300)
    assert again.returncode == 0, output
    assert "learning_rate=0.01-seed0" not in output.split("Settings, by validation")[0]

    def timeless(folder: Path) -> list[dict[str, str]]:
        return [{**row, "minutes": ""} for row in _results(folder)]

    assert timeless(out) == timeless(uninterrupted)
    assert (out / "settings.csv").read_text() == (uninterrupted / "settings.csv").read_text()
    for trial in _states(out):
        mine, whole = (load(folder / "trials" / trial) for folder in (out, uninterrupted))
        assert digest(mine.variables) == digest(whole.variables)
