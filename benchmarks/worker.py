"""A process that times steps on command, so that two libraries never share threads or memory.

Reads one JSON request a line and answers each with one line; `benchmarks/models.py` is its master.
A waiting worker blocks in a read and takes no processor time from the other.
"""

import json
import sys
import time
from collections.abc import Callable

Step = Callable[[], object]
# From model name, task (train, predict or explain), batch size and variant.
MakeStep = Callable[[str, str, int, str], Step]


def serve(make_step: MakeStep) -> None:
    """Answer `make` requests (build and warm up) and `time` requests (seconds of each step)."""
    steps: dict[str, Step] = {}
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "make":
            steps.clear()
            for variant in request["variants"]:
                step = make_step(request["model"], request["task"], request["batch_size"], variant)
                step()
                step()
                steps[variant] = step
            answer: object = "made"
        else:
            answer = _timed(steps[request["variant"]], request["seconds"])
        print(json.dumps(answer), flush=True)


def _timed(step: Step, seconds: float) -> list[float]:
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)
    return times
