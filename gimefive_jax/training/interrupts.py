"""Ctrl-C and SIGTERM as a polite request: finish the step, save, stop."""

import contextlib
import dataclasses
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@dataclasses.dataclass
class Interrupts:
    """Set by a signal, read by the loop."""

    stop: bool = False


@contextlib.contextmanager
def interrupts() -> Iterator[Interrupts]:
    """The first SIGINT or SIGTERM only sets `stop`; a second one acts as usual."""
    asked = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        # Python delivers signals to the main thread only; elsewhere there is nothing to catch.
        yield asked
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, _: FrameType | None) -> None:
        asked.stop = True
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, ask)
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
