"""A screen that nobody sees."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest


@contextlib.contextmanager
def hidden_screen() -> Iterator[str]:
    """Name of a display of 800 x 600 pixels; skips the test where there can be none."""
    pytest.importorskip("tkinter", reason="this Python was built without Tk")
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed; `apt install xvfb` brings it")
    reading, writing = os.pipe()
    words = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "800x600x24", "-nolisten", "tcp"]
    with subprocess.Popen(words, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        with os.fdopen(reading) as file:
            name = f":{file.readline().strip()}"
        try:
            yield name
        finally:
            server.terminate()
