"""Stages of the work that overlap: each in a thread of its own, a bounded number of items ahead."""

import collections
import contextlib
import queue
import threading
import time
from collections.abc import Generator, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")
# How often a thread that waits looks whether anyone still wants its items, in seconds.
_LOOK_SECONDS = 0.1


def ahead(items: Generator[Item], *, depth: int = 1) -> Generator[Item]:
    """Gives the items of a generator that runs ahead in a thread, so that stages overlap.

    Memory is bounded: at most `depth` items wait, and one more is being made. If the generator
    raises, the error comes out here, behind the items before it. Closing this generator, as the end
    of a loop or an error does, closes the one in the thread and waits for it.

    Args:
      items: Runs in the thread from its first item to its end.
      depth: How many finished items may wait.

    Yields:
      The items, in their order.
    """
    waiting: queue.Queue[_Given[Item]] = queue.Queue(depth)
    stop = threading.Event()
    thread = threading.Thread(target=_run, args=(items, waiting, stop), daemon=True)
    thread.start()
    try:
        while True:
            given = waiting.get()
            if given.error is not None:
                raise given.error
            if given.item is None:
                return
            yield given.item
    finally:
        stop.set()
        thread.join()


class Stopwatch:
    """How long each stage worked on an item, without its waiting; several threads may use it."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = collections.defaultdict(list)
        """By stage, a number for each time that it worked."""

    @contextlib.contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        """Measures the block as one item of a stage."""
        began = time.perf_counter()
        yield
        self.seconds[stage].append(time.perf_counter() - began)


class _Given(Generic[Item]):
    """An item, or an error, or neither at the end."""

    def __init__(self, item: Item | None = None, error: BaseException | None = None) -> None:
        self.item, self.error = item, error


def _run(
    items: Generator[Item], waiting: "queue.Queue[_Given[Item]]", stop: threading.Event
) -> None:
    try:
        for item in items:
            if not _put(waiting, _Given(item), stop):
                return
        last = _Given[Item]()
    except BaseException as error:  # noqa: BLE001 - whoever takes the items gets it
        last = _Given[Item](error=error)
    finally:
        items.close()
    _put(waiting, last, stop)


def _put(waiting: "queue.Queue[_Given[Item]]", given: _Given[Item], stop: threading.Event) -> bool:
    """Whether somebody still wanted it."""
    while not stop.is_set():
        with contextlib.suppress(queue.Full):
            waiting.put(given, timeout=_LOOK_SECONDS)
            return True
    return False
