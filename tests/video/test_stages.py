import threading
import time
from collections.abc import Generator

import pytest

from gimefive_jax.video.stages import Stopwatch, ahead


def numbers(count: int, made: list[int] | None = None) -> Generator[int]:
    for i in range(count):
        if made is not None:
            made.append(i)
        yield i


def test_items_come_in_their_order() -> None:
    assert list(ahead(ahead(numbers(100)), depth=3)) == list(range(100))


def test_no_more_items_are_made_than_may_wait() -> None:
    made: list[int] = []
    items = ahead(numbers(100, made), depth=2)
    next(items)
    time.sleep(0.3)
    # One was taken, two wait, one is being handed over.
    assert len(made) <= 4
    items.close()


def test_stages_overlap() -> None:
    def slow(items: Generator[int]) -> Generator[int]:
        for item in items:
            time.sleep(0.02)
            yield item

    began = time.perf_counter()
    for _ in ahead(slow(ahead(slow(numbers(20))))):
        time.sleep(0.02)
    # One after the other they would take 1.2 seconds.
    assert time.perf_counter() - began < 0.9


def test_an_error_comes_out_behind_the_items_before_it() -> None:
    def fail() -> Generator[int]:
        yield 1
        raise ValueError("broken")

    items = ahead(ahead(fail()))
    assert next(items) == 1
    with pytest.raises(ValueError, match="broken"):
        next(items)


def test_who_stops_early_leaves_no_thread_and_no_open_generator() -> None:
    closed: list[bool] = []

    def endless() -> Generator[int]:
        try:
            while True:
                yield 0
        finally:
            closed.append(True)

    def passed_on(items: Generator[int]) -> Generator[int]:
        try:
            yield from items
        finally:
            items.close()

    before = threading.active_count()
    items = ahead(passed_on(ahead(endless())))
    next(items)
    items.close()
    assert closed == [True]
    assert threading.active_count() == before


def test_a_stopwatch_measures_each_item_of_each_stage() -> None:
    stopwatch = Stopwatch()
    for _ in range(3):
        with stopwatch.timing("sleep"):
            time.sleep(0.01)
    assert list(stopwatch.seconds) == ["sleep"]
    assert len(stopwatch.seconds["sleep"]) == 3
    assert min(stopwatch.seconds["sleep"]) >= 0.01
