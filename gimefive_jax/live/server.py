"""Runs the app on this computer alone, until it is asked to stop."""

import errno
import socket

import uvicorn

from gimefive_jax.errors import InputError
from gimefive_jax.live.frames import MAX_BYTES
from gimefive_jax.live.guard import Guard

ADDRESS = "127.0.0.1"
# Connections that wait to be accepted.
_BACKLOG = 64


def listen(port: int) -> socket.socket:
    """Takes a port of this computer, which no other computer can reach.

    Args:
      port: From 1 to 65535, or 0 for any free one.

    Returns:
      A listening socket; whoever connects waits until the app is served.

    Raises:
      InputError: The port is in use, is none, or may not be taken.

    Example:
      >>> with listen(0) as listening:
      ...     print(listening.getsockname()[0])
      127.0.0.1
    """
    if not 0 <= port <= 65535:
        raise InputError(f"port {port} must lie from 1 to 65535, or be 0 for any free one")
    try:
        return socket.create_server((ADDRESS, port), backlog=_BACKLOG)
    except OSError as error:
        reason = "in use" if error.errno == errno.EADDRINUSE else f"refused ({error.strerror})"
        raise InputError(
            f"port {port} is {reason}; choose another with --port, or 0 for any free one"
        ) from error


def make_server(app: Guard) -> uvicorn.Server:
    """Makes the server of an app.

    Args:
      app: As `make_app` gives it.

    Returns:
      A server whose `run(sockets=[...])` ends after SIGINT or SIGTERM within a second, or after
      `should_exit` is set, and which then passes the signal on.
    """
    config = uvicorn.Config(
        app,
        http="h11",
        # Stops reading from a socket until the app has taken what was read.
        ws="websockets-sansio",
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        ws_max_size=MAX_BYTES,
        # JPEG does not shrink.
        ws_per_message_deflate=False,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)
