"""Lets nobody in but the page that this server gave, opened on this computer."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A name that some other page has let lead here (DNS rebinding) is not among them.
_NAMES = ("127.0.0.1", "localhost")
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
}


class Guard:
    """ASGI app that passes on what comes from this server's own page alone.

    The `Host` of every request must be this computer's own name for itself, and a WebSocket must
    come from the very page that this host has given. The port is not looked at, so that a tunnel
    may have another one. Every answer forbids the page to load or to send anything elsewhere.

    Args:
      app: What is guarded.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a connection on, or refuses it."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._page(scope, receive, send)
        else:
            # The server's own start and end.
            await self._app(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if reason := _wrong_host(headers) or _wrong_origin(headers):
            await receive()
            # Before it is accepted: the browser sees status 403.
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
            return
        await self._app(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        reason = _wrong_host(headers)
        # A host that is not ours stands in no header.
        policy = _page_headers(_NAMES[0] if reason else headers["host"])

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(policy)
            await send(message)

        refusal = PlainTextResponse(f"{reason}\n", status_code=403)
        await (refusal if reason else self._app)(scope, receive, send_with_policy)


def _wrong_host(headers: Headers) -> str:
    """Why the host is not this computer; empty where it is."""
    hosts = headers.getlist("host")
    if len(hosts) == 1 and _name_of(hosts[0]) in _NAMES:
        return ""
    return f"open this page as http://{_NAMES[0]} with its port; no other host is answered"


def _name_of(host: str) -> str:
    try:
        parts = urlsplit(f"//{host}")
        has_port = parts.port is not None or not parts.netloc.endswith(":")
    except ValueError:
        return ""
    # Nothing but a name and a port: no user, no path.
    return parts.hostname or "" if parts.netloc == host and "@" not in host and has_port else ""


def _wrong_origin(headers: Headers) -> str:
    """Why a socket does not come from our own page; empty where it does."""
    if headers.getlist("origin") == [f"http://{headers['host']}"]:
        return ""
    return "only the page that this server gives may open the socket"


def _page_headers(host: str) -> dict[str, str]:
    # Not every browser counts a socket to the page's own host as 'self'.
    policy = {**_POLICY, "connect-src": f"'self' ws://{host}"}
    return {
        "content-security-policy": _joined(policy.items()),
        "permissions-policy": "camera=(self), microphone=(), geolocation=(), display-capture=()",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
    }


def _joined(policy: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{name} {value}" for name, value in policy)
