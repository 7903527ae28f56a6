"""Serves the live page of a model."""

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from gimefive_jax.api import Classifier
from gimefive_jax.live.app import make_app
from gimefive_jax.live.page_reader import PageReader, about
from gimefive_jax.live.server import ADDRESS, make_server
from gimefive_jax.live.setting_up import LiveFaces, LiveOptions


def serve(
    classifier: Classifier,
    listening: socket.socket,
    *,
    options: LiveOptions | None = None,
    ready: Callable[[str], object] = print,
) -> None:
    """Serves the live page of a model, until SIGINT or SIGTERM comes.

    Args:
      classifier: The model.
      listening: A port of this computer, as `server.listen` gives it; closed at the end.
      options: How faces are found.
      ready: Gets the address of the page once all programs are compiled.

    Raises:
      InputError: An option lies outside its range, or what the detector needs is missing.
      KeyboardInterrupt: After the end, where SIGINT has its usual meaning.
    """
    faces = LiveFaces(classifier, options or LiveOptions())
    faces.warm_up()
    # One thread computes: it takes the frames of all tabs in their order.
    with ThreadPoolExecutor(1, thread_name_prefix="frames") as worker:
        app = make_app(lambda: PageReader(faces.open()), about(classifier), worker)
        ready(f"http://{ADDRESS}:{listening.getsockname()[1]}")
        make_server(app).run(sockets=[listening])
