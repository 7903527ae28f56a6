"""A process that times steps on command, so that two libraries never share threads or memory.

Reads one JSON request a line and answers each with one line; its master is `benchmarks/models.py`
or `benchmarks/train.py`. A waiting worker blocks in a read and takes no processor time from the
other.
"""

import dataclasses
import json
import sys
import time
from collections.abc import Callable, Mapping


@dataclasses.dataclass(frozen=True)
class Work:
    """What is timed: `step` again and again, then `finish` for what it left in flight."""

    step: Callable[[], object]
    finish: Callable[[], object] = lambda: None


# From the settings of a `make` request and one of its variants.
MakeWork = Callable[..., Work]


def serve(make_work: MakeWork, answers: Mapping[str, Callable[..., object]] | None = None) -> None:
    """Answers requests until the input ends.

    A `make` request gets the seconds that building and two first steps of each variant took, a
    `time` request the seconds of each step, any other what its function in `answers` returns.
    """
    made: dict[str, Work] = {}
    for line in sys.stdin:
        request = json.loads(line)
        do = request.pop("do")
        if do == "make":
            made.clear()
            answer: object = {
                variant: _make(made, make_work, variant, request["settings"])
                for variant in request["variants"]
            }
        elif do == "time":
            answer = timed(made[request["variant"]], request["seconds"])
        else:
            answer = (answers or {})[do](**request)
        print(json.dumps(answer), flush=True)


def timed(work: Work, seconds: float) -> list[float]:
    """Seconds of each step within `seconds`, at least of one.

    Their sum is the whole time: where steps stay in flight, each waits for the one before it, the
    first for none, and what is left at the end is counted as the first's.
    """
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        started = time.perf_counter()
        work.step()
        times.append(time.perf_counter() - started)
    started = time.perf_counter()
    work.finish()
    times[0] += time.perf_counter() - started
    return times


def _make(
    made: dict[str, Work], make_work: MakeWork, variant: str, settings: Mapping[str, object]
) -> float:
    started = time.perf_counter()
    work = made[variant] = make_work(variant=variant, **settings)
    for _ in range(2):
        work.step()
        work.finish()
    return time.perf_counter() - started
