import time
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import ImageGrab

from gimefive_jax.live.window import NoDisplayError, Window
from tests.live.made_up_faces import frames_of
from tests.live.screens import hidden_screen

[FRAME] = frames_of(0.0)


def test_without_a_display_the_reason_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(NoDisplayError, match=r"display|tkinter"):
        Window("gimefive")
    monkeypatch.setenv("DISPLAY", ":98765")
    with pytest.raises(NoDisplayError, match=r"display|tkinter"):
        Window("gimefive")


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with hidden_screen() as name:
        monkeypatch.setenv("DISPLAY", name)
        yield name


def test_a_window_shows_each_picture_until_it_is_closed(display: str):
    with Window("gimefive") as window:
        for colour in ((200, 30, 90), (10, 220, 60)):
            picture = np.full((120, 160, 3), colour, np.uint8)
            assert window.take(FRAME, (), picture)
            deadline = time.monotonic() + 20
            count = 0
            while count < 120 * 160 and time.monotonic() < deadline:
                window.take(FRAME, (), picture)
                screen = np.asarray(ImageGrab.grab(xdisplay=display).convert("RGB"))
                count = int((screen == colour).all(-1).sum())
            assert count == 120 * 160
        # There is no window manager that would do it.
        window._root.focus_force()
        window.take(FRAME, (), picture)
        window._root.event_generate("<Escape>")
        window.take(FRAME, (), picture)
        assert not window.take(FRAME, (), picture)
