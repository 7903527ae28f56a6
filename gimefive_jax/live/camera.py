"""Cameras of this computer and streams of others: always the newest frame, never a queue."""

import dataclasses
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit

import numpy as np
from jaxtyping import UInt8

from gimefive_jax.errors import InputError, missing_extra

# How long a camera may take to open, or to give its next frame.
_PATIENCE_SECONDS = 10.0
# A main thread that waits for ever would not hear of Ctrl-C.
_LOOK_SECONDS = 0.5


@runtime_checkable
class Capture(Protocol):
    """What is used of `cv2.VideoCapture`."""

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        """Whether frames may come."""

    def read(self) -> tuple[bool, np.ndarray | None]:
        """Waits for the next frame; its colours are in the order blue, green, red."""

    def release(self) -> None:
        """Closes the camera."""


@dataclasses.dataclass(frozen=True, eq=False)
class CameraFrame:
    """A frame of a camera."""

    number: int
    """From 0, among all that the camera gave since the first one that was asked for: numbers that
    are missing were dropped."""
    time: float
    """When it came, in seconds since the first one that was asked for."""
    image: UInt8[np.ndarray, "height width 3"]
    """RGB."""


class Camera:
    """An open camera, as a context manager; iterating gives the newest frame each time.

    Frames that come while nobody asks are dropped, so what is shown is never old.

    Args:
      source: Number of a camera of this computer, such as `0`, or the address of a stream.

    Raises:
      InputError: OpenCV is missing, the camera cannot be opened, or the source is a file.
    """

    def __init__(self, source: str) -> None:
        self._name = shown_source(source)
        self._capture = _open(source, self._name)
        self._newest: CameraFrame | None = None
        self._ended, self._closing = False, False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read_all, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[CameraFrame]:
        """Gives frames until the camera ends.

        Raises:
          InputError: It gives no first frame, or none for a long time.
        """
        first, last = None, -1
        while (frame := self._wait(last)) is not None:
            # The camera may have been open for long before somebody looked.
            first, last = first or frame, frame.number
            since = frame.time - first.time
            yield CameraFrame(frame.number - first.number, since, frame.image)
        if first is None:
            raise InputError(f"{self._name} gives no picture; check that nobody else uses it")

    def __enter__(self) -> "Camera":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing = True
        self._thread.join(_PATIENCE_SECONDS if kind is None else 1.0)
        # OpenCV must not lose what it is reading from; then the end of the process closes it.
        if not self._thread.is_alive():
            self._capture.release()

    def _wait(self, last: int) -> CameraFrame | None:
        """The newest frame after number `last`; None once there are no more."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        with self._changed:
            while self._newest is None or self._newest.number <= last:
                if self._ended:
                    return None
                if time.monotonic() > deadline:
                    raise InputError(
                        f"{self._name} has given no picture for {_PATIENCE_SECONDS:.0f} seconds; "
                        "check that it is connected"
                    )
                self._changed.wait(_LOOK_SECONDS)
            return self._newest

    def _read_all(self) -> None:
        number, first = 0, 0.0
        while not self._closing:
            is_read, image = self._capture.read()
            now = time.monotonic()
            if not is_read or image is None:
                break
            first = now if number == 0 else first
            frame = CameraFrame(number, now - first, np.ascontiguousarray(image[..., ::-1]))
            with self._changed:
                self._newest = frame
                self._changed.notify_all()
            number += 1
        with self._changed:
            self._ended = True
            self._changed.notify_all()


def shown_source(source: str) -> str:
    """Words for a source, without a name and password that its address may hold.

    Args:
      source: As for `Camera`.

    Example:
      >>> shown_source("0"), shown_source("rtsp://me:secret@10.0.0.7/1")
      ('camera 0', 'rtsp://10.0.0.7/1')
    """
    if source.isdecimal():
        return f"camera {source}"
    parts = urlsplit(source)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _open(source: str, name: str) -> Capture:
    if not source.isdecimal() and Path(source).is_file():
        raise InputError(f"{name} is a file; `gimefive video MODEL {name}` explains it")
    opencv = _opencv()
    if source.isdecimal():
        capture: Capture = opencv.VideoCapture(int(source))
    else:
        milliseconds = int(1000 * _PATIENCE_SECONDS)
        waits = (opencv.CAP_PROP_OPEN_TIMEOUT_MSEC, opencv.CAP_PROP_READ_TIMEOUT_MSEC)
        settings = [value for wait in waits for value in (wait, milliseconds)]
        capture = opencv.VideoCapture(source, opencv.CAP_FFMPEG, settings)
    if not capture.isOpened():
        raise InputError(
            f"{name} cannot be opened; give --source the number of a camera, such as 0, or the "
            "address of a stream"
        )
    return capture


def _opencv() -> ModuleType:
    # What FFmpeg says of a stream would stand between our lines; it reads this as it is loaded.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        import cv2
    except ImportError as error:
        raise missing_extra("a camera", "OpenCV", "faces") from error
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    return cv2
