"""Standard streams, signals and exit of the command's process."""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

# How long an interruption waits for the end of an import, and how often it looks.
_IMPORT_SECONDS, _AGAIN_SECONDS = 20.0, 0.05
# A second Ctrl-C within this time does not disturb the cleaning up that the first one began.
_CLEANING_SECONDS = 3.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None


class Interruption:
    """The request of the user, or of whoever runs the machine, that the command stops."""

    def __init__(self) -> None:
        self._asked_at: float | None = None
        self._began = time.monotonic()
        self._before: dict[signal.Signals, _Handler] = {}

    @property
    def asked(self) -> bool:
        """Whether SIGINT or SIGTERM has come."""
        return self._asked_at is not None

    def watch(self) -> None:
        """Lets SIGINT and SIGTERM raise KeyboardInterrupt, once while `finally` blocks clean up."""
        if threading.current_thread() is not threading.main_thread():
            # Python delivers signals to the main thread only.
            return
        for number in _SIGNALS:
            self._before[number] = signal.getsignal(number)
            # A shell starts what runs in the background with Ctrl-C ignored; so it stays.
            if self._before[number] is not signal.SIG_IGN:
                signal.signal(number, self._ask)
        sys.unraisablehook = self._ask_again

    def restore(self) -> None:
        """Gives signals the meaning they had before `watch`."""
        sys.unraisablehook = sys.__unraisablehook__
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if _is_importing(frame) and now - self._began < _IMPORT_SECONDS:
            # Compiled modules print a traceback of their own where their import is cut off.
            _signal_later(number)
            return
        if self._asked_at is not None and now - self._asked_at < _CLEANING_SECONDS:
            return
        self._asked_at = now
        raise KeyboardInterrupt

    def _ask_again(self, lost: "sys.UnraisableHookArgs") -> None:
        """Hook for exceptions that nobody can catch: an interruption lost in one comes again."""
        if issubclass(lost.exc_type, KeyboardInterrupt):
            self._asked_at = None
            # Later: raised here, it would be lost as well.
            _signal_later(signal.SIGINT)
        else:
            sys.__unraisablehook__(lost)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _signal_later(number: int) -> None:
    timer = threading.Timer(_AGAIN_SECONDS, os.kill, [os.getpid(), number])
    timer.daemon = True
    timer.start()


def open_missing_streams() -> None:
    """Puts the null device where the process was started with a closed standard stream.

    Otherwise the next file that is opened would get the stream's number, and whatever a library
    prints would be written into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The smallest free number is the missing one, as those below it are open.
            os.open(os.devnull, os.O_RDWR)
    # Python's own objects are None then; `print` to a missing stderr would go to stdout.
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)


def flush_output() -> None:
    """Writes what is still kept of standard output; Python's exit has only a traceback for errors.

    Raises:
      OSError: It cannot be written; the error names standard output, which is silent from then on.
    """
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        silence(1)
        error.filename = "standard output"
        raise


def silence(stream: int) -> None:
    """Sends what is still to be written to a standard stream to the null device.

    Args:
      stream: 1 for standard output, 2 for standard error.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream)
    os.close(null)


def leave(status: int) -> NoReturn:
    """Ends the process.

    Args:
      status: Exit status. Where it is not 0, devices may still be at work on what was sent to
        them, and Python's teardown would take away what they work on; so it is left out.
    """
    early = status != 0
    # Nothing is left to clean up: a signal now ends the process, or changes nothing.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN if early else signal.SIG_DFL)
    if not early:
        sys.exit(status)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
    os._exit(status)
