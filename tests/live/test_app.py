"""The app by itself: what it answers, in which order, and what it refuses."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from gimefive_jax.live.app import MAX_EARLY_FRAMES, MAX_TABS, FrameReader, make_app
from tests.live.made_up import ABOUT, EMOTIONS, jpeg, read_middle

testing = pytest.importorskip("starlette.testclient", reason="pip install 'gimefive-jax[live,dev]'")
SOCKET = "ws://127.0.0.1:8000/frames"
HEADERS = {"origin": "http://127.0.0.1:8000"}


def _client(read: FrameReader = read_middle) -> "testing.TestClient":
    app = make_app(lambda: read, ABOUT, ThreadPoolExecutor(1))
    return testing.TestClient(app, base_url="http://127.0.0.1:8000")


@pytest.fixture
def client() -> Iterator["testing.TestClient"]:
    with _client() as client:
        yield client


def test_the_page_and_all_it_names_is_served(client):
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    kinds = {
        "live.js": "text/javascript",
        "camera.js": "text/javascript",
        "overlay.js": "text/javascript",
        "scores.js": "text/javascript",
        "live.css": "text/css",
        "icon.svg": "image/svg+xml",
    }
    for name, kind in kinds.items():
        found = client.get(f"/{name}")
        assert found.status_code == 200
        assert found.headers["content-type"].startswith(kind)
    assert client.get("/../app.py").status_code == 404
    assert client.post("/").status_code == 405


def test_the_page_says_what_it_must(client):
    text = " ".join(client.get("/").text.split())
    assert "Processed on this computer, nothing stored." in text
    assert "everybody in view" in text
    assert "does not say what a person feels" in text


def test_about_names_the_model_and_its_categories(client):
    about = client.get("/about.json").json()
    assert about["emotions"] == list(EMOTIONS)
    assert about["model"] == "made up"


def test_a_frame_is_answered_with_faces_in_its_own_pixels(client):
    with client.websocket_connect(SOCKET, headers=HEADERS) as socket:
        socket.send_bytes(jpeg(64, 48))
        answer = socket.receive_json()
    assert (answer["kind"], answer["width"], answer["height"]) == ("frame", 64, 48)
    [face] = answer["faces"]
    assert face["box"] == [16, 12, 32, 24]
    assert sum(face["probabilities"]) == pytest.approx(1)
    assert face["heat_map"] == {"rows": 2, "columns": 2, "values": [0, 85, 170, 255]}


@pytest.mark.parametrize("data", [b"", b"no picture", jpeg()[:200]])
def test_a_malformed_frame_is_answered_and_the_next_one_read(client, data: bytes):
    with client.websocket_connect(SOCKET, headers=HEADERS) as socket:
        socket.send_bytes(data)
        assert socket.receive_json()["kind"] == "error"
        socket.send_text("hello")
        assert "JPEG" in socket.receive_json()["message"]
        socket.send_bytes(jpeg())
        assert socket.receive_json()["kind"] == "frame"


def test_frames_that_do_not_wait_are_refused_and_not_kept():
    begun, go_on = threading.Event(), threading.Event()
    read = list[int]()

    def wait(frame: np.ndarray) -> tuple[()]:
        begun.set()
        assert go_on.wait(20)
        read.append(frame.shape[0])
        return ()

    with _client(wait) as client, client.websocket_connect(SOCKET, headers=HEADERS) as socket:
        socket.send_bytes(jpeg(height=48))
        assert begun.wait(20)
        for _ in range(3):
            socket.send_bytes(jpeg(height=32))
            assert "wait" in socket.receive_json()["message"]
        go_on.set()
        assert socket.receive_json()["kind"] == "frame"
        socket.send_bytes(jpeg(height=16))
        assert socket.receive_json()["height"] == 16
    assert read == [48, 16]


def test_a_flood_ends_the_connection():
    begun, go_on = threading.Event(), threading.Event()

    def wait(frame: np.ndarray) -> tuple[()]:
        begun.set()
        assert go_on.wait(20)
        return ()

    def flood(socket: "testing.WebSocketTestSession") -> None:
        for _ in range(MAX_EARLY_FRAMES + 5):
            socket.send_bytes(jpeg())
        for _ in range(MAX_EARLY_FRAMES):
            assert socket.receive_json()["kind"] == "error"
        socket.receive_json()

    with _client(wait) as client, client.websocket_connect(SOCKET, headers=HEADERS) as socket:
        socket.send_bytes(jpeg())
        assert begun.wait(20)
        try:
            with pytest.raises(testing.WebSocketDisconnect) as ended:
                flood(socket)
        finally:
            go_on.set()
    assert ended.value.code == 1008


def test_every_tab_has_a_reader_of_its_own():
    readers = list[list[int]]()

    def open_reader() -> FrameReader:
        seen = list[int]()
        readers.append(seen)

        def read(frame: np.ndarray) -> tuple[()]:
            seen.append(frame.shape[0])
            return ()

        return read

    app = make_app(open_reader, ABOUT, ThreadPoolExecutor(1))
    client = testing.TestClient(app, base_url="http://127.0.0.1:8000")
    with (
        client,
        client.websocket_connect(SOCKET, headers=HEADERS) as one,
        client.websocket_connect(SOCKET, headers=HEADERS) as other,
    ):
        for _ in range(3):
            one.send_bytes(jpeg(height=16))
            other.send_bytes(jpeg(height=32))
            assert json.loads(one.receive_text())["height"] == 16
            assert json.loads(other.receive_text())["height"] == 32
    assert readers == [[16] * 3, [32] * 3]


def test_more_tabs_than_can_be_served_are_told_so_and_closed(client):
    sockets = [client.websocket_connect(SOCKET, headers=HEADERS) for _ in range(MAX_TABS)]
    for socket in sockets:
        socket.__enter__()
    with client.websocket_connect(SOCKET, headers=HEADERS) as one_more:
        assert "close one" in one_more.receive_json()["message"]
        with pytest.raises(testing.WebSocketDisconnect):
            one_more.receive_json()
    sockets.pop().__exit__(None, None, None)
    with client.websocket_connect(SOCKET, headers=HEADERS) as again:
        again.send_bytes(jpeg())
        assert again.receive_json()["kind"] == "frame"
    for socket in sockets:
        socket.__exit__(None, None, None)
