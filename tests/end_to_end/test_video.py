"""A generated clip through the whole command, and the result in a real browser."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from gimefive_jax.faces.found import FaceBox
from tests.cli.command import run, start
from tests.tolerances import GREY_LEVELS
from tests.video.clips import make_clip, read_times, sound_packets
from tests.video.test_annotate import images_of, rows_alike
from tests.video.walks import HEIGHT as FACE_HEIGHT
from tests.video.walks import WIDTH as FACE_WIDTH
from tests.video.walks import Place, draw, walk

pytestmark = pytest.mark.heavy
CHROMIUM = Path("/usr/bin/chromium")
WIDTH, HEIGHT, NUM_FRAMES = 640, 360, 300


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face that moves, grows, leaves and returns; then another crosses it. A tone sounds."""
    frames = (draw(places, width=WIDTH, height=HEIGHT) for places in walk(NUM_FRAMES))
    return make_clip(tmp_path_factory.mktemp("clips") / "in.mp4", frames, sound="aac")


@pytest.fixture(scope="module")
def out(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of what the command wrote."""
    folder = tmp_path_factory.mktemp("out")
    words = ["--out", folder / "out.mp4", "--table", folder / "out.parquet"]
    done = run("video", "small", source, *words, "--plot", folder / "out.png")
    assert done.returncode == 0, done.stderr
    return folder


def box_of(place: Place) -> FaceBox:
    height, width = place.height, place.height * FACE_WIDTH / FACE_HEIGHT
    return FaceBox(place.x - width / 2, place.y - height / 2, width, height)


def is_whole(place: Place) -> bool:
    box = box_of(place)
    return box.left >= 0 and box.left + box.width <= WIDTH


def test_each_person_keeps_the_track_id(out: Path) -> None:
    rows = pq.read_table(out / "out.parquet").to_pylist()
    by_frame = [[row for row in rows if row["frame"] == i] for i in range(NUM_FRAMES)]
    num_seen = np.zeros(2, int)
    for found, places in zip(by_frame, walk(NUM_FRAMES), strict=True):
        # The person who is there from the first frame on is the last, the one in front.
        for number, place in enumerate(reversed(places), start=1):
            boxes = [
                FaceBox(*(row[name] for name in ("left", "top", "width", "height")))
                for row in found
                if row["track"] == number
            ]
            if boxes and is_whole(place):
                assert boxes[0].overlap(box_of(place)) >= 0.3
                num_seen[number - 1] += 1
    assert {row["track"] for row in rows} == {1, 2, None}
    whole = [sum(is_whole(places[-1]) for places in walk(NUM_FRAMES))]
    whole += [sum(len(places) == 2 and is_whole(places[0]) for places in walk(NUM_FRAMES))]
    # While they cross, the one behind cannot be seen.
    assert num_seen[0] >= 0.95 * whole[0]
    assert num_seen[1] >= 0.6 * whole[1]


def test_frames_times_and_sound_are_the_source_s(source: Path, out: Path) -> None:
    assert read_times(out / "out.mp4") == read_times(source)
    assert sound_packets(out / "out.mp4") == sound_packets(source)


def test_a_killed_command_goes_on_to_the_same_frames(
    source: Path, out: Path, tmp_path: Path
) -> None:
    words = ["--out", tmp_path / "out.mp4", "--table", tmp_path / "out.parquet"]
    for number in (signal.SIGKILL, signal.SIGINT):
        command = start("video", "small", source, *words)
        deadline = time.monotonic() + 400
        seen = 1 if number == signal.SIGKILL else 2
        while command.poll() is None and time.monotonic() < deadline:
            if len(list(tmp_path.glob("out.mp4.unfinished/*.json"))) > seen:
                break
            time.sleep(0.02)
        os.kill(command.pid, number)
        _, complaint = command.communicate()
        assert command.returncode == (-9 if number == signal.SIGKILL else 130), complaint
        assert not (tmp_path / "out.mp4").exists()
    done = run("video", "small", source, *words)
    assert done.returncode == 0, done.stderr
    assert "goes on" in done.stderr
    assert read_times(tmp_path / "out.mp4") == read_times(out / "out.mp4")
    assert rows_alike(tmp_path / "out.parquet", out / "out.parquet")
    pairs = zip(images_of(tmp_path / "out.mp4"), images_of(out / "out.mp4"), strict=True)
    assert max(np.abs(ours.astype(int) - theirs).mean() for ours, theirs in pairs) < GREY_LEVELS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.mp4", "out.parquet"]


def test_the_clip_plays_in_a_browser(source: Path, out: Path) -> None:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed; `apt install chromium` brings it")
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    (out / "page.html").write_text('<video src="out.mp4" controls></video>')
    with playwright.sync_playwright() as browsers:
        browser = browsers.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        page = browser.new_page()
        page.goto((out / "page.html").as_uri())
        shown = page.evaluate(_PLAY)
        browser.close()
    assert shown["error"] is None
    assert (shown["width"], shown["height"]) == (WIDTH, HEIGHT)
    assert shown["duration"] == pytest.approx(NUM_FRAMES / 25, abs=0.1)
    assert shown["played"] > 1
    assert shown["frames"] > 10
    assert shown["sound"] > 1000


# Plays two seconds: what was shown, and how many bytes of sound were decoded.
_PLAY = """async () => {
  const video = document.querySelector("video");
  await new Promise(done => { video.onloadedmetadata = video.onerror = done; video.load(); });
  if (!video.error) {
    await video.play();
    await new Promise(done => setTimeout(done, 2000));
  }
  return {
    error: video.error && video.error.message,
    width: video.videoWidth,
    height: video.videoHeight,
    duration: video.duration,
    played: video.currentTime,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
    sound: video.webkitAudioDecodedByteCount,
  };
}"""
