"""The exported page as a user sees it: explained frames a second, and from camera to overlay.

    python benchmarks/web_browser.py [FOLDER] [--seconds 20]

FOLDER is what `gimefive export MODEL --to web` wrote; by default `small` is exported, for which npm
fetches onnxruntime-web. The page is opened in headless Chromium, whose camera is scikit-image's
astronaut at 640x480 and 30 frames a second, moving. Once it is served as any static server does it,
where one thread computes, and once with the two headers that allow threads. Browser and page share
this machine's cores. Needs the extras `export` and `dev`, scikit-image and Chromium.
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

import gimefive_jax
from benchmarks.live_browser import open_browser, write_camera
from benchmarks.processes import machine_facts
from gimefive_jax.recipes.web_folder import export_web

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Frames before those that are measured: the browser's programs are compiled, too.
_WARM_UP = 10
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
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--seconds", type=float, default=20)
    words = parser.parse_args()
    print(f"{machine_facts()}\n")
    with tempfile.TemporaryDirectory() as place:
        folder = words.folder or export_web(gimefive_jax.load("small"), Path(place) / "page").path
        camera = Path(place) / "camera.y4m"
        write_camera(camera)
        print("| threads | frames/s | p50 ms | p95 ms | label |")
        print("|---|---|---|---|---|")
        for isolated in (False, True):
            with served(folder, isolated=isolated) as address, open_browser(camera) as browser:
                _measure(browser.new_page(), address, words.seconds)


def _measure(page: "Page", address: str, seconds: float) -> None:
    page.goto(address)
    wait_for_state(page, "ready")
    page.click("#start")
    before = wait_for_frames(page, _WARM_UP)["frames"]
    page.wait_for_timeout(1000 * seconds)
    found = page.evaluate("window.gimefiveWeb")
    rate = (found["frames"] - before) / seconds
    # The page keeps six hundred.
    half, late = np.percentile(found["latencies"][-(found["frames"] - before) :], (50, 95))
    labels = ", ".join(face["label"] for face in found["last"]["faces"])
    print(f"| {found['threads']} | {rate:.1f} | {half:.0f} | {late:.0f} | {labels} |", flush=True)


if __name__ == "__main__":
    main()
