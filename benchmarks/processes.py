"""Worker processes that take turns on the same machine, and the facts of that machine."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


class Worker:
    """A process that times one library: `benchmarks.{module}`, which calls `serve`."""

    def __init__(self, module: str, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.{module}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "BENCHMARK_THREADS": str(num_threads()),
                **environment,
            },
            cwd=ROOT,
        )

    def ask(self, **request: object) -> Any:
        """Answer of the worker to `request`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"the worker ended with status {self._process.wait()}")
        return json.loads(answer)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def num_threads() -> int:
    """Cores this process may use; XLA takes as many."""
    return len(os.sched_getaffinity(0))


def machine_facts() -> str:
    """Cores, versions and how busy the machine was, in a line."""
    libraries = [_version(name) for name in ("jax", "jaxlib", "torch")]
    return (
        f"{num_threads()} cores ({platform.machine()}), {', '.join(libraries)}; load of the "
        f"machine over the last 15 minutes {os.getloadavg()[2]:.1f}, this benchmark included."
    )


def _version(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} not installed"
