"""Sockets to a live page, as browsers and others open them."""

import contextlib
import dataclasses
import http.client
import socket
from collections.abc import Iterator

import pytest

from tests.live.made_up import Served

client = pytest.importorskip("websockets.sync.client", reason="pip install 'gimefive-jax[live]'")
exceptions = pytest.importorskip("websockets.exceptions")


@contextlib.contextmanager
def open_tab(
    served: Served, *, origin: str | None = "", host: str = ""
) -> Iterator["client.ClientConnection"]:
    """A socket as a page opens it, which says that it is from `origin` and wants `host`."""
    host = host or served.host
    raw = socket.create_connection(("127.0.0.1", served.port))
    with client.connect(
        f"ws://{host}/frames", sock=raw, origin=f"http://{host}" if origin == "" else origin
    ) as tab:
        yield tab


@dataclasses.dataclass(frozen=True)
class Response:
    """What a server answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


def get(served: Served, host: str, path: str = "/") -> Response:
    """Asks for a file of the page, from a server that is called `host`."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    with contextlib.closing(connection):
        connection.putrequest("GET", path, skip_host=True)
        if host:
            connection.putheader("Host", host)
        connection.endheaders()
        found = connection.getresponse()
        return Response(found.status, found.headers, found.read())
