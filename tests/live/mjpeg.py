"""A camera on the network: an MJPEG stream on 127.0.0.1."""

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from gimefive_jax import images


@contextlib.contextmanager
def streaming(pictures: Sequence[np.ndarray], *, rate: float = 30.0) -> Iterator[str]:
    """Address of a stream of the pictures, which then ends; any other path is not there."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/stream.mjpg":
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            # Whoever watches may leave.
            with contextlib.suppress(OSError):
                for data in encoded:
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}"
                    self.wfile.write(f"{head}\r\n\r\n".encode() + data + b"\r\n")
                    time.sleep(1 / rate)

        def log_message(self, *words: object) -> None:
            """Nothing."""

    encoded = [images.encode_jpeg(picture) for picture in pictures]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/stream.mjpg"
    finally:
        server.shutdown()
        server.server_close()
