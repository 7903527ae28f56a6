"""Real processes that export explanations, killed at random moments; and any number of devices."""

import random
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from data_prep.drawn_faces.records import DrawnNumbers
from data_prep.prepare import prepare
from gimefive_jax.explained.opened import open_export
from tests.explained.test_export import files_of
from tests.processes import PATIENCE_SECONDS, Commands
from tests.tolerances import SAME_PROGRAM

pytestmark = pytest.mark.heavy
NUM_KILLS, NUM_FACES = 20, 1300
LAYERS = ("block5/activation", "block2/activation")


@pytest.fixture(scope="module")
def words(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The export of a split of six shards."""
    data = tmp_path_factory.mktemp("faces")
    prepare("drawn_faces", data_dir=data, options=DrawnNumbers(8, 8, NUM_FACES, 0))
    options = ["--data-dir", str(data), "--layers", *LAYERS, "--activations", "--targets", "all"]
    return ["explain", str(tiny_run), *options]


def _export(words: list[str], out: Path, log: Path, *, devices: int = 1) -> None:
    commands = Commands([*words, "--out", str(out)], log, count=1, devices=devices)
    assert commands.end() == [0], commands.text()


def _num_done(unfinished: Path) -> int:
    return len(list(unfinished.glob("manifest/*.parquet")))


def _wait_for(commands: Commands, unfinished: Path, num_shards: int) -> None:
    """Returns once so many shards are done, or the export has ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while commands.started[0].poll() is None and time.monotonic() < deadline:
        if unfinished.is_dir() and _num_done(unfinished) >= num_shards:
            return
        time.sleep(0.01)


def _export_timed(words: list[str], out: Path, log: Path) -> float:
    """Exports, and gives how many seconds this machine takes for a shard."""
    unfinished = out.with_name(f"{out.name}.unfinished")
    commands = Commands([*words, "--out", str(out)], log, count=1, devices=1)
    _wait_for(commands, unfinished, 1)
    begin = time.monotonic()
    _wait_for(commands, unfinished, 5)
    seconds = (time.monotonic() - begin) / 4
    assert commands.end() == [0], commands.text()
    return seconds


def test_twenty_kills_leave_the_bytes_of_an_export_that_was_left_alone(
    words: list[str], tmp_path: Path
):
    seconds_of_a_shard = _export_timed(words, tmp_path / "whole", tmp_path / "log")
    wanted = files_of(tmp_path / "whole")
    out, unfinished = tmp_path / "out", tmp_path / "out.unfinished"
    generator, shards_at_kill = random.Random(0), list[int]()
    for _ in range(NUM_KILLS):
        commands = Commands([*words, "--out", str(out)], tmp_path / "log", count=1, devices=1)
        # A shard further at most, so that twenty kills fall on every part of the work.
        goal = min(_num_done(unfinished) + generator.choice((0, 0, 1)), 5)
        _wait_for(commands, unfinished, goal)
        time.sleep(generator.uniform(0, seconds_of_a_shard))
        commands.started[0].kill()
        commands.end()
        shards_at_kill.append(_num_done(unfinished))
        if out.exists():
            # It was quicker than the kill: the next one begins anew.
            assert files_of(out) == wanted
            shutil.rmtree(out)
            shutil.rmtree(unfinished, ignore_errors=True)
    assert len(set(shards_at_kill)) > 2
    _export(words, out, tmp_path / "log")
    assert files_of(out) == wanted
    assert not unfinished.exists()


@pytest.mark.parametrize("devices", [2, 4, 8])
def test_any_number_of_devices_gives_the_maps_of_one(
    words: list[str], devices: int, tmp_path: Path
):
    few = [*words, "--limit", "300", "--targets", "predicted", "--pictures", "none"]
    for count in (1, devices):
        _export(few, tmp_path / str(count), tmp_path / f"log-{count}", devices=count)
    one, several = (open_export(tmp_path / str(count)) for count in (1, devices))
    assert several.summary == one.summary
    for key in one.maps:
        found, wanted = np.asarray(several.heat_maps(*key)), np.asarray(one.heat_maps(*key))
        largest = np.abs(wanted).max((1, 2), keepdims=True)
        assert (np.abs(found - wanted) <= SAME_PROGRAM * largest).all()
