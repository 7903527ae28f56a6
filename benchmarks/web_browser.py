"""The exported page in headless Chromium, whose camera is a photo that moves: faces a second.

python -m benchmarks.web_browser FOLDER [--isolated] [--seconds 20]

FOLDER is what `gimefive export small --to web` wrote. A plain static server lets one thread
compute; --isolated serves it with the two headers that allow threads.
"""

import argparse
import contextlib
import functools
import tempfile
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.live_browser import open_browser, write_camera

if TYPE_CHECKING:
    from playwright.sync_api import Page

_ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}


class _Handler(SimpleHTTPRequestHandler):
    """What `python -m http.server` gives, in silence."""

    isolated = False

    def end_headers(self) -> None:
        for name, value in _ISOLATION.items() if self.isolated else ():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *words: object) -> None:
        pass


class _IsolatedHandler(_Handler):
    isolated = True


@contextlib.contextmanager
def served(folder: Path, *, isolated: bool = False) -> Iterator[str]:
    """Serves a folder on this computer alone; yields its address."""
    handler = functools.partial(_IsolatedHandler if isolated else _Handler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def wait_for_state(page: "Page", state: str, *, patience: float = 60) -> None:
    """Waits until the page is `ready`; an error says what it says instead."""
    # The page's policy forbids the code that playwright would wait with.
    for _ in range(round(patience * 20)):
        now = page.evaluate("window.gimefiveWeb?.state")
        if now == state:
            return
        if now == "failed":
            break
        page.wait_for_timeout(50)
    raise TimeoutError(f"the page is {now}, not {state}: {page.inner_text('#status')}")


def wait_for_frames(page: "Page", count: int, *, patience: float = 60) -> dict[str, Any]:
    """Waits until the camera's page has read so many frames; gives its counters."""
    for _ in range(round(patience * 20)):
        found = page.evaluate("window.gimefiveWeb")
        if found["frames"] >= count:
            return found
        page.wait_for_timeout(50)
    raise TimeoutError(f"{found['frames']} of {count} frames: {page.inner_text('#status')}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--isolated", action="store_true")
    parser.add_argument("--seconds", type=float, default=20)
    words = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as place,
        served(words.folder, isolated=words.isolated) as address,
    ):
        camera = Path(place) / "camera.y4m"
        write_camera(camera)
        with open_browser(camera) as browser:
            page = browser.new_page()
            page.on("console", lambda message: print("console:", message.text))
            page.goto(address)
            wait_for_state(page, "ready")
            page.click("#start")
            page.wait_for_timeout(5000)
            before = page.evaluate("window.gimefiveWeb.frames")
            page.wait_for_timeout(1000 * words.seconds)
            found = page.evaluate("window.gimefiveWeb")
    rate = (found["frames"] - before) / words.seconds
    latency = np.median(found["latencies"])
    faces = len(found["last"]["faces"])
    print(
        f"threads {found['threads']}: {rate:.1f} frames a second, {faces} face explained in each, "
        f"{latency:.0f} ms from the camera to the overlay (median)"
    )


if __name__ == "__main__":
    main()
