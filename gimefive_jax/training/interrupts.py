"""Turns Ctrl-C and SIGTERM into a request: finish the step, save, stop."""

import contextlib
import dataclasses
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Literal


@dataclasses.dataclass
class Interrupts:
    """Set by a signal, read by the loop."""

    ending: Literal["interrupted", "terminated"] | None = None
    """What was asked: by Ctrl-C (SIGINT), or by whoever runs the machine (SIGTERM)."""


@contextlib.contextmanager
def interrupts() -> Iterator[Interrupts]:
    """Catches the first SIGINT or SIGTERM while the block runs; a second one acts as usual.

    Yields:
      What was asked for so far. Outside the main thread nothing can be caught.
    """
    asked = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        # Python delivers signals to the main thread only; elsewhere there is nothing to catch.
        yield asked
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, _: FrameType | None) -> None:
        asked.ending = "interrupted" if number == signal.SIGINT else "terminated"
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, ask)
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
