"""A window on this computer's screen, by Python's own toolkit: OpenCV's headless build has none."""

import os
import sys
from collections.abc import Sequence
from types import TracebackType

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from gimefive_jax.live.camera import CameraFrame
from gimefive_jax.live.follower import FollowedFace


class Window:
    """A window that shows pictures; a sink of `watching.watch`.

    Args:
      title: Of the window.

    Raises:
      NoDisplayError: There is no screen, or Python was built without Tk.
    """

    needs_picture = True

    def __init__(self, title: str) -> None:
        # Looked at first: on some systems Tk ends the process where there is none.
        if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
            raise NoDisplayError("there is no display")
        try:
            import tkinter

            self._root = tkinter.Tk()
        except ImportError as error:
            raise NoDisplayError("this Python has no tkinter") from error
        except tkinter.TclError as error:
            raise NoDisplayError(f"the display cannot be used ({error})") from error
        self._root.title(title)
        self._label = tkinter.Label(self._root, borderwidth=0)
        self._label.pack()
        self._is_open = True
        self._root.protocol("WM_DELETE_WINDOW", self._close)
        for key in ("<Escape>", "q"):
            self._root.bind(key, lambda _: self._close())

    def take(
        self,
        frame: CameraFrame,
        faces: Sequence[FollowedFace],
        picture: UInt8[np.ndarray, "height width 3"],
    ) -> bool:
        """Shows the annotated picture in its own size.

        Returns:
          Whether the window is still open: the user closes it, or presses Escape or q.
        """
        from PIL import ImageTk

        if self._is_open:
            self._picture = ImageTk.PhotoImage(Image.fromarray(picture), master=self._root)
            self._label.configure(image=self._picture)
            self._root.update()
        return self._is_open

    def __enter__(self) -> "Window":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_open = False
        self._root.destroy()

    def _close(self) -> None:
        self._is_open = False


class NoDisplayError(Exception):
    """There is nothing to open a window on; the message says why."""
