"""How the command's process ends: closed and full streams, signals at any time."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep.drawn_faces.records import DrawnNumbers
from data_prep.prepare import prepare
from gimefive_jax.cli.process import Interruption
from tests.cli.command import run, start
from tests.special_files import make_device


@pytest.fixture(scope="module")
def face(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("face") / "face.png"
    Image.new("L", (64, 64), 128).save(path)
    return path


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"]])
def test_a_reader_that_has_seen_enough_is_no_mistake(words: list[str]):
    done = run(*words, redirected="| head -1; exit ${PIPESTATUS[0]}")
    assert done.returncode in (0, 141)
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def test_a_reader_of_predictions_may_go(face: Path):
    done = run("predict", "small", face, redirected="| true; exit ${PIPESTATUS[0]}")
    assert done.returncode in (0, 141)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["--help"], ["runs", "list", "."]])
def test_a_closed_output_is_no_mistake_where_nobody_needs_it(words: list[str]):
    done = run(*words, redirected=">&-")
    assert (done.returncode, done.stderr) == (0, "")


def test_with_a_closed_output_a_mistake_is_still_one_line():
    done = run("evaluate", "--splt", "test", redirected=">&-")
    assert done.returncode == 2
    assert "did you mean --split?" in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("gimefive: ")


def test_predictions_need_an_open_output(face: Path):
    done = run("predict", "small", face, redirected=">&-")
    assert done.returncode == 2
    assert "standard output is closed" in done.stderr
    assert "--out" in done.stderr


def test_closed_complaints_do_not_go_to_the_output():
    done = run("runs", "lst", redirected="2>&-")
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["runs", "list", "."]])
def test_a_full_output_is_one_line(words: list[str], tmp_path: Path):
    device = make_device(tmp_path / "full", minor=7)
    done = run(*words, redirected=f"> {device}")
    assert done.returncode == 2
    assert "No space left" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_interruption_that_is_lost_comes_again():
    script = """
import time
from gimefive_jax.cli.process import Interruption
class Careless:
    def __del__(self):
        raise KeyboardInterrupt  # as a signal handler does that is called within
Interruption().watch()
Careless()
try:
    time.sleep(20)
except KeyboardInterrupt:
    print("came")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("came\n", "")


def _clean_up_slowly(cleaned: list[str]) -> None:
    try:
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.raise_signal(signal.SIGINT)
        cleaned.append("all")


def test_a_second_signal_does_not_disturb_the_cleaning_up():
    interruption, cleaned = Interruption(), list[str]()
    before = signal.getsignal(signal.SIGINT)
    interruption.watch()
    try:
        assert not interruption.asked
        with pytest.raises(KeyboardInterrupt):
            _clean_up_slowly(cleaned)
    finally:
        interruption.restore()
    assert interruption.asked
    assert cleaned == ["all"]
    assert signal.getsignal(signal.SIGINT) is before


@pytest.fixture(scope="module")
def many_faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of images, and a prepared set beside them."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "images").mkdir()
    for i, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (1500, 48, 48), np.uint8)):
        Image.fromarray(pixels).save(folder / "images" / f"{i}.png", compress_level=1)
    prepare("drawn_faces", data_dir=folder / "data", options=DrawnNumbers(6, 6, 600, 0))
    return folder


@pytest.mark.heavy
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("verb", ["explain", "evaluate", "predict"])
def test_a_signal_at_any_time_ends_in_order(
    verb: str, number: signal.Signals, many_faces: Path, tmp_path: Path
):
    out = tmp_path / "out"
    words: list[object] = [verb, "small", "--out", out]
    if verb == "predict":
        words.append(many_faces / "images")
    else:
        words += ["--data", "drawn_faces", "--data-dir", many_faces / "data"]
    generator = random.Random(f"{verb} {number}")
    for _ in range(4):
        process = start(*words)
        time.sleep(generator.uniform(0.5, 6))
        ended = process.poll() is not None
        process.send_signal(number)
        time.sleep(generator.uniform(0, 0.2))
        process.send_signal(number)
        _, complaint = process.communicate(timeout=120)
        assert ended or process.returncode in (0, 130), complaint
        for riddle in ("Traceback", "Fatal", "ignored", "Error"):
            assert riddle not in complaint
        # Whole or not at all; beside it only what the next call of `explain` goes on with.
        beside = [tmp_path / "out.unfinished"] if verb == "explain" else []
        assert {*tmp_path.iterdir()} - {*beside} == {out} & {*tmp_path.iterdir()}
