"""Every process compiles the same programs, whatever the order of its sets."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence

from tests.processes import free_port

_FOUR_DEVICES = "--xla_force_host_platform_device_count=4"


def _sums(seeds: Sequence[str], *, together: bool = False) -> list[dict[str, str]]:
    """What a process of each hash seed prints, one at a time or all of them together."""
    port = str(free_port())
    started = []
    for number, seed in enumerate(seeds):
        words = [port, str(number)] if together else []
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "tests.lowered_text", *words],
                env={**os.environ, "PYTHONHASHSEED": seed, "XLA_FLAGS": _FOUR_DEVICES},
                stdout=subprocess.PIPE,
                text=True,
            )
        )
    texts = [one.communicate(timeout=400)[0] for one in started]
    return [json.loads(text.splitlines()[-1]) for text in texts]


def test_steps_do_not_depend_on_the_hash_seed():
    first, *others = _sums(["0", "1", "random"])
    assert set(first) == {"train", "predict", "explain", "scene", "detect"}
    assert others == [first, first]


def test_two_processes_lower_the_same_steps():
    one, other = _sums(["0", "1"], together=True)
    assert one == other
