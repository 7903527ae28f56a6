"""The live page as a user sees it: speed, latency, several tabs, memory, and how it ends.

    python benchmarks/live.py [--seconds 20] [--tabs 1 2] [--memory-frames 2000]

Starts `gimefive live small` and opens its page in headless Chromium, whose camera is scikit-image's
astronaut at 640x480 and 30 frames a second, moving. Latency is measured in the page, from the time
the browser took the picture until the overlay is drawn. Everything shares this machine's cores: the
browser, which draws without a graphics card, and the server. Then frames are sent over a socket for
the server's memory, and Ctrl-C is pressed while a tab is open. Needs the extras `live` and `dev`,
scikit-image and Chromium.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from benchmarks.live_browser import (
    LiveCommand,
    Shown,
    moving_photo,
    open_browser,
    shown,
    wait_for_frames,
    write_camera,
)
from benchmarks.processes import machine_facts
from gimefive_jax import images

# Frames before those that are measured: the browser's programs are compiled, too.
_WARM_UP = 30


def main() -> None:
    arguments = _parse()
    print(f"{machine_facts()}\n")
    with tempfile.TemporaryDirectory() as folder, LiveCommand() as command:
        print(f"`gimefive live small` answered after {command.seconds_to_start:.1f} s\n")
        if arguments.tabs:
            camera = Path(folder) / "camera.y4m"
            write_camera(camera)
            _measure_tabs(command, camera, arguments.tabs, arguments.seconds)
        if arguments.memory_frames:
            _measure_memory(command, arguments.memory_frames)
        seconds, status, _ = command.interrupt()
        print(f"\nCtrl-C: ended after {seconds:.2f} s with status {status}")


def _measure_tabs(command: LiveCommand, camera: Path, counts: list[int], seconds: float) -> None:
    print("| tabs | tab | frames/s | p50 ms | p95 ms | within 250 ms | label | server MB |")
    print("|---|---|---|---|---|---|---|---|")
    with open_browser(camera) as browser:
        for count in counts:
            pages = [browser.new_page() for _ in range(count)]
            for page in pages:
                page.goto(command.address)
                page.click("#start")
            for page in pages:
                wait_for_frames(page, _WARM_UP)
            before = [len(shown(page).latencies) for page in pages]
            pages[0].wait_for_timeout(1000 * seconds)
            for i, page in enumerate(pages):
                found = _since(shown(page), before[i])
                within = sum(one <= 250 for one in found.latencies) / len(found.latencies)
                print(
                    f"| {count} | {i + 1} | {found.rate:.1f} | {found.percentile(50):.0f} | "
                    f"{found.percentile(95):.0f} | {100 * within:.1f} % | "
                    f"{', '.join(found.labels)} | {command.megabytes:.0f} |",
                    flush=True,
                )
                page.close()


def _since(found: Shown, before: int) -> Shown:
    """What was shown after the first frames; the page keeps six hundred."""
    start = before if found.frames == len(found.latencies) else 0
    return Shown(
        found.frames,
        found.refusals,
        found.latencies[start:],
        found.drawn_at[start:],
        found.labels,
    )


def _measure_memory(command: LiveCommand, count: int) -> None:
    from websockets.sync.client import connect

    pictures = [images.encode_jpeg(frame) for frame in moving_photo(60)]
    host = command.address.removeprefix("http://")
    found = list[float]()
    began = time.monotonic()
    with connect(f"ws://{host}/frames", origin=command.address) as socket:  # type: ignore[arg-type]
        for number in range(count):
            socket.send(pictures[number % len(pictures)])
            answer = json.loads(socket.recv(timeout=30))
            assert [face["label"] for face in answer["faces"]] == ["happiness"], answer
            if (number + 1) % (count // 10) == 0:
                found.append(command.megabytes)
    rate = count / (time.monotonic() - began)
    print(f"\n{count} frames over one socket, one at a time: {rate:.1f} frames/s")
    print(f"server memory, MB, after each tenth: {', '.join(f'{one:.0f}' for one in found)}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="measured for each row")
    parser.add_argument("--tabs", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--memory-frames", type=int, default=2000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
