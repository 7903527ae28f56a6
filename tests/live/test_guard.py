"""Who may connect, and what the page may do; by real sockets."""

import json
import socket
from collections.abc import Iterator

import pytest

from tests.live.made_up import Served, jpeg, serving
from tests.live.sockets import exceptions, get, open_tab


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.mark.parametrize(
    "name", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:9", "127.0.0.1"]
)
def test_the_names_of_this_computer_are_answered(served: Served, name: str):
    assert get(served, name.format(port=served.port)).status == 200


@pytest.mark.parametrize(
    "name",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.evil.example:{port}",
        "localhost.evil.example",
        "localhost.:{port}",
        "user@127.0.0.1:{port}",
        "127.0.0.1:{port}/",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.2:{port}",
        "[::1]:{port}",
        "0.0.0.0:{port}",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/", "/about.json", "/live.js"])
def test_no_other_host_is_answered(served: Served, name: str, path: str):
    found = get(served, name.format(port=served.port), path)
    assert found.status in (400, 403)
    assert b"<html" not in found.body


def test_two_hosts_are_none(served: Served):
    with socket.create_connection(("127.0.0.1", served.port)) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
        assert raw.recv(4096).split()[1] in (b"400", b"403")


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://evil.example",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://localhost:{port}",
        "http://127.0.0.1:{port}.evil.example",
        "http://127.0.0.1:{port}/",
        "file://",
    ],
)
def test_no_other_page_may_open_the_socket(served: Served, origin: str | None):
    named = None if origin is None else origin.format(port=served.port)
    with pytest.raises(exceptions.InvalidStatus) as refused, open_tab(served, origin=named):
        pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "localhost.evil.example"])
def test_a_name_that_was_made_to_lead_here_opens_no_socket(served: Served, host: str):
    # DNS rebinding: origin and host agree, and are not ours.
    named = host.format(port=served.port)
    with pytest.raises(exceptions.InvalidStatus) as refused, open_tab(served, host=named):
        pass
    assert refused.value.response.status_code == 403


def test_a_tunnel_may_have_another_port(served: Served):
    with open_tab(served, host="127.0.0.1:9999") as tab:
        tab.send(jpeg())
        assert json.loads(tab.recv(timeout=20))["kind"] == "frame"


def test_a_page_may_load_and_send_nothing_elsewhere(served: Served):
    for path in ("/", "/live.js", "/about.json", "/nothing"):
        headers = get(served, served.host, path).headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["connect-src"] == f"'self' ws://{served.host}"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "microphone=()" in headers["permissions-policy"]
        assert "server" not in headers
