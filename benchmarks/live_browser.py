"""The live page in headless Chromium, whose camera is a photo that moves."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
WIDTH, HEIGHT, RATE = 640, 480, 30
_CODE = "import sys; from gimefive_jax.cli import main; sys.exit(main())"
_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)


def moving_photo(num_frames: int) -> Iterator[np.ndarray]:
    """scikit-image's astronaut in front of a camera that sways; the last frame joins the first."""
    from skimage.data import astronaut

    photo = Image.fromarray(astronaut()).resize((768, 768), Image.Resampling.BICUBIC)
    for number in range(num_frames):
        angle = 2 * np.pi * number / num_frames
        left, top = round(64 + 60 * np.sin(angle)), round(40 + 25 * np.cos(angle))
        yield np.asarray(photo.crop((left, top, left + WIDTH, top + HEIGHT)))


def write_camera(path: Path, *, num_frames: int = 60) -> None:
    """Writes the moving photo as a file that Chromium takes for a camera."""
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in moving_photo(num_frames):
            brightness, blue, red = Image.fromarray(frame).convert("YCbCr").split()
            half = (WIDTH // 2, HEIGHT // 2)
            planes = (brightness, blue.resize(half), red.resize(half))
            file.write(b"FRAME\n" + b"".join(plane.tobytes() for plane in planes))


class LiveCommand:
    """`gimefive live small` in a process of its own, as a context manager."""

    def __init__(self, *words: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CODE, "live", "small", "--port", "0", *words],
            env={**os.environ, "XLA_FLAGS": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        began = time.monotonic()
        assert self._process.stdout is not None
        # Printed once the model is ready.
        self.address = self._process.stdout.readline().strip()
        self.seconds_to_start = time.monotonic() - began

    @property
    def megabytes(self) -> float:
        """Memory of the process that is in use."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        [kilobytes] = [line.split()[1] for line in status.splitlines() if "VmRSS" in line]
        return int(kilobytes) / 1024

    @property
    def bytes_stored(self) -> int:
        """What the process has written to files."""
        counts = Path(f"/proc/{self._process.pid}/io").read_text()
        [stored] = [line.split()[1] for line in counts.splitlines() if line[:11] == "write_bytes"]
        return int(stored)

    def interrupt(self) -> tuple[float, int, str]:
        """Presses Ctrl-C; gives the seconds until the end, the exit status and what was said."""
        began = time.monotonic()
        self._process.send_signal(signal.SIGINT)
        _, said = self._process.communicate(timeout=30)
        return time.monotonic() - began, self._process.returncode, said

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


@contextlib.contextmanager
def open_browser(camera: Path) -> Iterator["Browser"]:
    """Headless Chromium with a file as its camera."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(
            executable_path=CHROMIUM,
            args=[*_ARGUMENTS, f"--use-file-for-fake-video-capture={camera.resolve()}"],
        )
        yield browser
        browser.close()


@dataclasses.dataclass(frozen=True)
class Shown:
    """What a tab has shown since Start."""

    frames: int
    refusals: int
    latencies: tuple[float, ...]
    """From the camera to the overlay, in milliseconds, of the last frames."""
    drawn_at: tuple[float, ...]
    """In milliseconds."""
    labels: tuple[str, ...]
    """Of the faces of the last frame."""

    @property
    def rate(self) -> float:
        """Frames a second."""
        times = self.drawn_at
        return 1000 * (len(times) - 1) / (times[-1] - times[0])

    def percentile(self, share: float) -> float:
        """Of the latencies, in milliseconds."""
        return float(np.percentile(self.latencies, share))


def shown(page: "Page") -> Shown:
    """Reads the counters of a tab."""
    found = page.evaluate("window.gimefiveLive")
    faces = found["last"]["faces"] if found["last"] else []
    return Shown(
        frames=found["frames"],
        refusals=found["refusals"],
        latencies=tuple(found["latencies"]),
        drawn_at=tuple(found["drawnAt"]),
        labels=tuple(face["label"] for face in faces),
    )


def wait_for_frames(page: "Page", count: int, *, patience: float = 120) -> Shown:
    """Waits until a tab has shown so many frames."""
    deadline = time.monotonic() + patience
    # The page's policy forbids the code that playwright would wait with.
    while time.monotonic() < deadline:
        found = shown(page)
        if found.frames >= count:
            return found
        page.wait_for_timeout(100)
    status = page.inner_text("#status")
    raise TimeoutError(f"{found.frames} of {count} frames in {patience} seconds: {status}")
