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
from tests.processes import Commands
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


def test_twenty_kills_leave_the_bytes_of_an_export_that_was_left_alone(
    words: list[str], tmp_path: Path
):
    _export(words, tmp_path / "whole", tmp_path / "log")
    wanted = files_of(tmp_path / "whole")
    out, unfinished = tmp_path / "out", tmp_path / "out.unfinished"
    generator, shards_at_kill = random.Random(0), list[int]()
    for _ in range(NUM_KILLS):
        [process] = (commands := Commands([*words, "--out", str(out)], tmp_path / "log")).started
        began = time.monotonic()
        while process.poll() is None and not unfinished.is_dir():
            assert time.monotonic() < began + 400
            time.sleep(0.01)
        before = len(list(unfinished.glob("manifest/*.parquet")))
        # Up to the end of the next shard but one, and now and then before anything is computed.
        wait = generator.uniform(0, 2)
        while process.poll() is None and time.monotonic() < began + 400:
            if len(list(unfinished.glob("manifest/*.parquet"))) >= before + generator.choice(
                (0, 1)
            ):
                break
            time.sleep(0.01)
        time.sleep(wait)
        process.kill()
        commands.end()
        shards_at_kill.append(len(list(unfinished.glob("manifest/*.parquet"))))
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
    few = [*words, "--limit", "300"]
    for count in (1, devices):
        _export(few, tmp_path / str(count), tmp_path / "log", devices=count)
    one, several = (open_export(tmp_path / str(count)) for count in (1, devices))
    assert several.summary == one.summary
    for key in one.maps:
        found, wanted = np.asarray(several.heat_maps(*key)), np.asarray(one.heat_maps(*key))
        largest = np.abs(wanted).max((2, 3), keepdims=True)
        assert (np.abs(found - wanted) <= SAME_PROGRAM * largest).all()
