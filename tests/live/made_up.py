"""A live page whose reader is made up: every frame holds one face, in its middle."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from gimefive_jax import images
from gimefive_jax.live.answers import About, LiveFace, LiveMap
from gimefive_jax.live.app import FrameReader, make_app
from gimefive_jax.live.server import listen, make_server

EMOTIONS = ("happiness", "surprise", "sadness", "anger", "disgust", "fear")
ABOUT = About(
    model="made up",
    notice="for tests",
    emotions=EMOTIONS,
    map_name="LayerCAM at block3/activation",
    colours=((0, 0, 0), (255, 255, 0)),
    max_side=640,
)


def jpeg(width: int = 64, height: int = 48) -> bytes:
    return images.encode_jpeg(np.full((height, width, 3), 127, np.uint8))


def read_middle(frame: np.ndarray) -> tuple[LiveFace, ...]:
    """One face in the middle, whose first score says how bright the frame is."""
    height, width = frame.shape[:2]
    box = (width / 4, height / 4, width / 2, height / 2)
    first = float(frame.mean()) / 255
    rest = (1 - first) / (len(EMOTIONS) - 1)
    return (
        LiveFace(
            track=1,
            box=box,
            crop=box,
            score=0.9,
            label=EMOTIONS[0],
            probabilities=(first, *[rest] * (len(EMOTIONS) - 1)),
            heat_map=LiveMap(2, 2, (0, 85, 170, 255)),
            landmarks=(),
            regions="",
        ),
    )


@dataclass
class Served:
    """A server that runs, and its port."""

    port: int
    host: str


@contextlib.contextmanager
def serving(
    open_reader: Callable[[], FrameReader] = lambda: read_middle,
    worker: Executor | None = None,
) -> Iterator[Served]:
    """Serves on a free port, in a thread, until the block ends."""
    with ThreadPoolExecutor(1) as own, listen(0) as listening:
        server = make_server(make_app(open_reader, ABOUT, worker or own))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        port = listening.getsockname()[1]
        try:
            yield Served(port, f"127.0.0.1:{port}")
        finally:
            server.should_exit = True
            thread.join(10)
            assert not thread.is_alive()
