"""TensorBoard reads what a run wrote, also after it went on."""

import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.errors import InputError
from gimefive_jax.runs.run_log import LogRow, read_rows
from gimefive_jax.training.event_files import EventLog
from gimefive_jax.training.loop import train


def _scalars(folder: Path, tag: str) -> dict[int, float]:
    accumulator = EventAccumulator(str(folder / "tensorboard"))
    accumulator.Reload()
    return {event.step: event.value for event in accumulator.Scalars(tag)}


def _row(step: int, loss: float) -> LogRow:
    return LogRow(step, step / 10, 0.1, loss, 0.5, loss + 1, 0.4, 100.0)


def test_tensorboard_reads_the_rows_of_the_log(tiny_config: ExperimentConfig, tmp_path: Path):
    config = replace(tiny_config, {"training.tensorboard": True, "training.num_epochs": 2})
    train(config, tmp_path, progress=False)
    rows = read_rows(tmp_path / "metrics.csv")
    assert len(rows) == 2
    for tag, field in (
        ("loss/train", "train_loss"),
        ("accuracy/validation", "validation_accuracy"),
    ):
        wanted = {row.step: pytest.approx(getattr(row, field)) for row in rows}
        assert _scalars(tmp_path, tag) == wanted


def test_what_a_run_lives_through_again_is_read_once(tmp_path: Path):
    log = EventLog(tmp_path / "tensorboard", step=0)
    for step in (10, 20, 30):
        log.append(_row(step, 1.0))
    log.close()
    # Goes on from a checkpoint at step 15: the rows at 20 and 30 come again.
    log = EventLog(tmp_path / "tensorboard", step=15)
    log.append(_row(20, 2.0))
    log.close()
    assert _scalars(tmp_path, "loss/train") == {10: 1.0, 20: 2.0}


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(InputError, match=r"pip install 'gimefive-jax\[tensorboard\]'"):
        EventLog(tmp_path, step=0)
