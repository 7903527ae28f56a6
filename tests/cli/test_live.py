"""What `live` and `camera` say before anything is filmed, and a whole run of `camera`."""

import csv
import importlib.util
import io
import itertools
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageGrab

from benchmarks.live_browser import moving_photo
from gimefive_jax.cli import main
from gimefive_jax.predicting.score_panel import ACCENT
from tests.cli.command import run, start
from tests.live.mjpeg import streaming
from tests.live.screens import hidden_screen


def test_a_port_in_use_is_one_line_before_the_model_is_loaded(
    capsys: pytest.CaptureFixture[str],
):
    server = pytest.importorskip("gimefive_jax.live.server", reason="pip install uvicorn")
    with server.listen(0) as taken:
        port = taken.getsockname()[1]
        assert main(["live", "no such model", "--port", str(port)]) == 2
    said = capsys.readouterr().err
    assert f"port {port} is in use" in said
    assert said.count("\n") == 1


def test_without_the_extra_the_live_page_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "uvicorn" else find(name)
    )
    assert main(["live", "small"]) == 2
    assert "uvicorn" in (said := capsys.readouterr().err)
    assert "pip install 'gimefive-jax[live]'" in said


def test_a_recording_without_its_extra_names_it():
    # PyAV may have been imported already, so the command has a process of its own.
    code = "import sys; sys.modules['av'] = None; from gimefive_jax.cli import main; main()"
    words = ["camera", "no such model", "--record", "out.mp4"]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "pip install 'gimefive-jax[video]'" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["live", "small", "--max-faces", "0"],
        ["live", "small", "--port", "70000"],
        ["camera", "small", "--max-faces", "0"],
        ["camera", "small", "--max-frames", "0"],
        ["camera", "small", "--source", "no-such-camera"],
        ["camera", "small", "--table", "faces.txt"],
        ["camera", "small", "--record", "out.avi"],
    ],
)
def test_a_mistake_is_one_line_that_names_it(words: list[str], capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("uvicorn", reason="pip install 'gimefive-jax[live]'")
    pytest.importorskip("cv2", reason="pip install 'gimefive-jax[faces]'")
    pytest.importorskip("av", reason="pip install 'gimefive-jax[video]'")
    assert main(words) == 2
    said = capsys.readouterr().err
    assert words[-1] in said
    assert said.count("\n") == 1


@pytest.fixture
def stream() -> Iterator[str]:
    pytest.importorskip("cv2", reason="pip install 'gimefive-jax[faces]'")
    pytest.importorskip("skimage", reason="pip install scikit-image")
    pictures = [*itertools.islice(moving_photo(60), 30)] * 100
    with streaming(pictures, rate=15) as address:
        yield address


@pytest.mark.heavy
def test_a_stream_is_explained_recorded_and_written_down(stream: str, tmp_path: Path):
    av = pytest.importorskip("av", reason="pip install 'gimefive-jax[video]'")
    out, table = tmp_path / "out.mp4", tmp_path / "faces.csv"
    words = ["--source", stream, "--max-frames", "12", "--record", out, "--table", table]
    done = run("camera", "small", "--no-window", *words)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "not what the person feels" in done.stderr
    assert "12 frames read" in done.stderr
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    assert len(rows) == 12
    assert {(row["track"], row["smoothed"]) for row in rows} == {("1", "happiness")}
    with av.open(str(out)) as clip:
        frames = list(clip.decode(video=0))
    assert len(frames) == 12
    assert (frames[0].width, frames[0].height) == (640, 480)


@pytest.mark.heavy
def test_without_a_display_rows_are_printed_until_ctrl_c(
    stream: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.delenv("DISPLAY", raising=False)
    process = start("camera", "small", "--source", stream, "--record", tmp_path / "out.mp4")
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(4)]
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "no window is shown, as there is no display" in said
    assert said.splitlines()[-1] == "gimefive: interrupted; nothing half-written was left"
    rows = list(csv.DictReader(io.StringIO("".join(lines))))
    assert [row["predicted"] for row in rows] == ["happiness"] * 3
    # The recording is whole all the same.
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.heavy
def test_with_a_display_the_annotated_picture_is_shown_there(
    stream: str, monkeypatch: pytest.MonkeyPatch
):
    with hidden_screen() as name:
        monkeypatch.setenv("DISPLAY", name)
        process = start("camera", "small", "--source", stream)
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        assert any("Escape or q" in line for line in lines)
        deadline = time.monotonic() + 120
        seen = 0
        while seen < 400 and time.monotonic() < deadline:
            screen = np.asarray(ImageGrab.grab(xdisplay=name).convert("RGB"))
            # The line around a face.
            seen = int((screen == ACCENT).all(-1).sum())
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=60)
    assert seen >= 400
    assert (process.returncode, printed) == (130, "")
