import itertools
import sys
import threading
import time

import numpy as np
import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.live import camera
from gimefive_jax.live.camera import Camera, shown_source
from tests.live.mjpeg import streaming

pytest.importorskip("cv2", reason="pip install 'gimefive-jax[faces]'")
GREYS = [np.full((48, 64, 3), 6 * i, np.uint8) for i in range(40)]


def test_every_frame_of_a_stream_comes_in_order_with_its_time():
    with streaming(GREYS, rate=20) as address, Camera(address) as frames:
        found = list(frames)
    numbers = [frame.number for frame in found]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == found[0].time == 0
    # The first frames may have come before anybody asked.
    missed = len(GREYS) - 1 - numbers[-1]
    assert missed <= 5
    assert all(a.time < b.time for a, b in itertools.pairwise(found))
    for frame in found:
        assert frame.image.shape == (48, 64, 3)
        assert abs(float(frame.image.mean()) - 6 * (frame.number + missed)) <= 2


def test_colours_come_as_red_green_blue():
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[..., 0] = 200
    with streaming([picture] * 3) as address, Camera(address) as frames:
        image = next(iter(frames)).image
    assert image[..., 0].mean() > 180
    assert image[..., 2].mean() < 20


def test_who_is_slow_gets_the_newest_frame_and_no_queue():
    with streaming(GREYS, rate=60) as address, Camera(address) as frames:
        numbers = list[int]()
        for frame in frames:
            time.sleep(0.15)
            numbers.append(frame.number)
    # What came meanwhile was passed over: a handful of frames was enough for all.
    assert len(numbers) < len(GREYS) / 3
    assert max(b - a for a, b in itertools.pairwise(numbers)) > 2


@pytest.mark.parametrize("source", ["7", "hello", "http://127.0.0.1:1/x", "rtsp://127.0.0.1:1/x"])
def test_a_camera_that_is_not_there_is_one_line(source: str, capfd: pytest.CaptureFixture[str]):
    with pytest.raises(InputError, match=r"cannot be opened.*--source"):
        Camera(source)
    assert capfd.readouterr().err == ""


def test_an_address_that_is_not_there_is_one_line(capfd: pytest.CaptureFixture[str]):
    with (
        streaming(GREYS) as address,
        pytest.raises(InputError, match="/none cannot be opened"),
    ):
        Camera(address.replace("stream.mjpg", "none"))
    assert capfd.readouterr().err == ""


def test_a_file_belongs_to_another_verb(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"")
    with pytest.raises(InputError, match="gimefive video"):
        Camera(str(tmp_path / "clip.mp4"))


def test_a_password_is_not_told():
    assert shown_source("rtsp://me:secret@10.0.0.7:554/1?a=b") == "rtsp://10.0.0.7:554/1?a=b"
    with pytest.raises(InputError) as refused:
        Camera("rtsp://me:secret@127.0.0.1:1/x")
    assert "secret" not in str(refused.value)


class _Silent:
    """A camera that opens and gives nothing."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.is_released = False

    def isOpened(self) -> bool:
        return True

    def read(self) -> tuple[bool, None]:
        self.go_on.wait(20)
        return False, None

    def release(self) -> None:
        self.is_released = True


def test_a_camera_that_gives_nothing_is_one_line(monkeypatch: pytest.MonkeyPatch):
    silent = _Silent()
    monkeypatch.setattr(camera, "_open", lambda source, name: silent)
    monkeypatch.setattr(camera, "_PATIENCE_SECONDS", 0.2)
    with pytest.raises(InputError, match="camera 0 has given no picture"), Camera("0") as frames:
        next(iter(frames))
    # Not while OpenCV still reads from it.
    assert not silent.is_released
    silent.go_on.set()
    with pytest.raises(InputError, match="camera 0 gives no picture"), Camera("0") as frames:
        next(iter(frames))


def test_without_opencv_the_line_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(InputError, match=r"pip install 'gimefive-jax\[faces\]'"):
        Camera("0")
