"""The ASGI app of the live page: its files, and a socket that takes frames and gives answers."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from starlette.applications import Starlette
from starlette.responses import FileResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from gimefive_jax.errors import InputError
from gimefive_jax.live.answers import About, LiveFace, LiveFrame, Refusal, encode
from gimefive_jax.live.frames import decode_frame
from gimefive_jax.live.guard import Guard

FrameReader = Callable[[UInt8[np.ndarray, "height width 3"]], tuple[LiveFace, ...]]
"""Reads the faces of the frames of one tab, in their order: it may remember earlier ones."""

MAX_TABS = 8
MAX_EARLY_FRAMES = 20
_PAGE = Path(__file__).parent / "page"
# Named here, as what a system guesses from a file's name differs.
_FILES = {
    "index.html": "text/html",
    "live.css": "text/css",
    "live.js": "text/javascript",
    "camera.js": "text/javascript",
    "overlay.js": "text/javascript",
    "scores.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
# Status codes of WebSockets (RFC 6455, section 7.4).
_POLICY_VIOLATION, _TRY_AGAIN_LATER = 1008, 1013


def make_app(open_reader: Callable[[], FrameReader], about: About, worker: Executor) -> Guard:
    """Makes the app of the live page.

    Args:
      open_reader: Gives a new tab a reader of its own.
      about: What the page has to know beforehand.
      worker: Where frames are read, one at a time. A tab has one frame there at most, so an
        executor that takes its work in order serves all tabs alike.

    Returns:
      An ASGI app. It keeps no frame: a picture lives until its answer is computed.
    """
    tabs = Tabs(open_reader, worker)

    def tell(_: object) -> Response:
        return Response(encode(about), media_type="application/json")

    def file(name: str, kind: str) -> Route:
        path = "/" if name == "index.html" else f"/{name}"
        return Route(path, lambda _: FileResponse(_PAGE / name, media_type=kind))

    files = [file(name, kind) for name, kind in _FILES.items()]
    routes = [*files, Route("/about.json", tell), WebSocketRoute("/frames", tabs.serve)]
    return Guard(Starlette(routes=routes))


class Tabs:
    """Serves the sockets of several tabs, one frame of each at a time.

    Args:
      open_reader: As for `make_app`.
      worker: As for `make_app`.
    """

    def __init__(self, open_reader: Callable[[], FrameReader], worker: Executor) -> None:
        self._open_reader, self._worker = open_reader, worker
        self._num_open = 0

    async def serve(self, socket: WebSocket) -> None:
        """Answers the frames of one tab until it, or the server, closes."""
        await socket.accept()
        if self._num_open >= MAX_TABS:
            reason = f"{MAX_TABS} tabs are open already; close one"
            await socket.send_text(encode(Refusal(reason)))
            await socket.close(_TRY_AGAIN_LATER, reason)
            return
        self._num_open += 1
        try:
            await Tab(socket, self._open_reader(), self._worker).serve()
        finally:
            self._num_open -= 1


class Tab:
    """One open socket.

    Args:
      socket: Accepted.
      read: Reads the faces of its frames.
      worker: Where that is done.
    """

    def __init__(self, socket: WebSocket, read: FrameReader, worker: Executor) -> None:
        self._socket, self._read, self._worker = socket, read, worker

    async def serve(self) -> None:
        """Takes frames until the socket is closed; a failure in reading one ends it as well."""
        answering: asyncio.Task[None] | None = None
        num_early = 0
        async with asyncio.TaskGroup() as group:
            while (message := await self._socket.receive())["type"] != "websocket.disconnect":
                data = message.get("bytes")
                if data is None:
                    await self._send(Refusal("text is no frame; send JPEG pictures"))
                elif answering is None or answering.done():
                    answering = group.create_task(self._answer(data))
                elif num_early < MAX_EARLY_FRAMES:
                    # Refused and forgotten, not kept for later: what waits would only be old.
                    num_early += 1
                    await self._send(Refusal("a frame came before the last one's answer; wait"))
                else:
                    await self._socket.close(_POLICY_VIOLATION, "too many frames at once")
                    return

    async def _answer(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._worker, _answer_to, self._read, data)
        await self._send(answer)

    async def _send(self, answer: LiveFrame | Refusal) -> None:
        text = encode(answer)
        # A tab may close at any time; then nobody waits for an answer any more.
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await self._socket.send_text(text)


def _answer_to(read: FrameReader, data: bytes) -> LiveFrame | Refusal:
    began = time.perf_counter()
    try:
        frame = decode_frame(data)
        faces = read(frame)
    except InputError as error:
        return Refusal(str(error))
    spent = 1000 * (time.perf_counter() - began)
    height, width = frame.shape[:2]
    return LiveFrame(width, height, faces, milliseconds=round(spent, 1))
