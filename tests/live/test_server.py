"""Real sockets: several tabs, misuse, and how the server ends."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.live.frames import MAX_BYTES
from gimefive_jax.live.server import listen
from tests.live.made_up import Served, jpeg, serving
from tests.live.sockets import exceptions, get, open_tab


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as served:
        yield served


def test_only_this_computer_can_reach_the_port(served: Served):
    with listen(0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"
    others = {
        found[4][0]
        for found in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
        if not str(found[4][0]).startswith("127.")
    }
    for address in others:
        with pytest.raises(OSError, match=r"refused|unreachable|timed out"):
            socket.create_connection((str(address), served.port), timeout=2)


def test_a_frame_that_is_too_large_ends_its_socket_alone(served: Served):
    with open_tab(served) as tab, open_tab(served) as other:
        with contextlib.suppress(exceptions.ConnectionClosed):
            tab.send(bytes(MAX_BYTES + 1))
        with pytest.raises(exceptions.ConnectionClosed) as ended:
            tab.recv(timeout=20)
        assert ended.value.rcvd is not None
        assert ended.value.rcvd.code == 1009
        other.send(jpeg())
        assert json.loads(other.recv(timeout=20))["kind"] == "frame"


def test_garbage_ends_its_connection_alone(served: Served):
    for garbage in (b"\x00\xff\xfe", b"GET / HTTP/9.9\r\n\r\n", b"A" * 100_000):
        connection = socket.create_connection(("127.0.0.1", served.port))
        with connection, contextlib.suppress(OSError):
            connection.sendall(garbage)
    assert get(served, served.host).status == 200


def test_several_tabs_are_served_in_turn():
    order, lock = list[int](), threading.Lock()

    def read(frame: np.ndarray) -> tuple[()]:
        with lock:
            order.append(frame.shape[0])
        time.sleep(0.01)
        return ()

    def use(height: int) -> None:
        with open_tab(served) as tab:
            together.wait()
            for _ in range(20):
                tab.send(jpeg(height=height))
                assert json.loads(tab.recv(timeout=20))["height"] == height

    together = threading.Barrier(3)
    with serving(lambda: read) as served, ThreadPoolExecutor(3) as tabs:
        list(tabs.map(use, (16, 32, 48)))
    assert sorted(order) == [16] * 20 + [32] * 20 + [48] * 20
    # While all three ask, none is served three times before another gets its turn.
    busy = order[:45]
    assert max(len(list(run)) for run in _runs(busy)) <= 2


def _runs(order: list[int]) -> Iterator[list[int]]:
    run = list[int]()
    for one in order:
        if run and run[-1] != one:
            yield run
            run = []
        run.append(one)
    yield run


def test_a_failure_in_one_tab_leaves_the_others(caplog: pytest.LogCaptureFixture):
    def read(frame: np.ndarray) -> tuple[()]:
        if frame.shape[0] == 16:
            raise RuntimeError("a fault of ours")
        return ()

    with serving(lambda: read) as served, open_tab(served) as tab, open_tab(served) as other:
        tab.send(jpeg(height=16))
        with pytest.raises(exceptions.ConnectionClosed):
            tab.recv(timeout=20)
        other.send(jpeg())
        assert json.loads(other.recv(timeout=20))["kind"] == "frame"
    assert "a fault of ours" in caplog.text


def test_a_tab_that_leaves_before_its_answer_is_forgotten():
    begun, go_on = threading.Event(), threading.Event()

    def read(frame: np.ndarray) -> tuple[()]:
        begun.set()
        assert go_on.wait(20)
        return ()

    with serving(lambda: read) as served:
        with open_tab(served) as tab:
            tab.send(jpeg())
            assert begun.wait(20)
        go_on.set()
        with open_tab(served) as tab:
            tab.send(jpeg())
            assert json.loads(tab.recv(timeout=20))["kind"] == "frame"


def test_the_end_of_the_server_closes_open_tabs_within_a_second():
    with contextlib.ExitStack() as stack:
        with serving() as served:
            tab = stack.enter_context(open_tab(served))
            tab.send(jpeg())
            tab.recv(timeout=20)
            began = time.monotonic()
        assert time.monotonic() - began < 1.5
        with pytest.raises(exceptions.ConnectionClosed) as ended:
            tab.recv(timeout=5)
    assert ended.value.rcvd is not None
    assert ended.value.rcvd.code == 1012


def test_a_port_in_use_is_one_line():
    with listen(0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=rf"port {port} is in use; .*--port"):
            listen(port)


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_is_none_is_one_line(port: int):
    with pytest.raises(InputError, match="from 1 to 65535"):
        listen(port)


def test_the_event_loop_stays_free_while_a_frame_is_read():
    begun, go_on = threading.Event(), threading.Event()

    def read(frame: np.ndarray) -> tuple[()]:
        begun.set()
        assert go_on.wait(20)
        return ()

    with serving(lambda: read) as served, open_tab(served) as tab:
        tab.send(jpeg())
        assert begun.wait(20)
        assert get(served, served.host).status == 200
        go_on.set()
        tab.recv(timeout=20)
