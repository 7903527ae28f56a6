"""The two workers of `benchmarks/train.py`, and what they are asked."""

import argparse
import os
import statistics
import time
from typing import Any

from benchmarks.processes import Worker

PAPER_BATCH_SIZE = 16
# Of a card: torch's worker shares it with ours.
_SHARE_OF_MEMORY = "0.4"


class Bench:
    """Both workers, what they run on, and what was measured so far."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments, self._lines = arguments, list[str]()
        self.cut_short = False
        self._deadline = time.monotonic() + 60 * (arguments.max_minutes or 1e9)
        environment = {
            # One card, the same one for both.
            "CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0],
            # The default share of a card's memory would leave none to torch.
            "XLA_PYTHON_CLIENT_PREALLOCATE": "true",
            "XLA_PYTHON_CLIENT_MEM_FRACTION": _SHARE_OF_MEMORY,
            "BENCHMARK_TORCH_KEEPS_MEMORY": str(int(arguments.torch_keeps_memory)),
        }
        self.ours = Worker("worker_train_ours", environment)
        self.theirs = Worker("worker_train_torch", environment)
        self.facts, theirs = self.ours.ask(do="facts"), self.theirs.ask(do="facts")
        self.accelerated = self.facts["platform"] != "cpu"
        # On a TPU torch would run on the host: no comparison.
        self.torch_beside = theirs["platform"] == self.facts["platform"]

    def settings(self, model: str, **values: object) -> dict[str, Any]:
        """Settings of a run, the same for both workers."""
        arguments = self.arguments
        return {
            "model": model,
            "width": 1.0,
            "batch_size": PAPER_BATCH_SIZE,
            "precision": "float32",
            "num_train": arguments.num_train,
            "image_size": arguments.image_size,
            **values,
        }

    def ours_only(self, settings: dict[str, Any], *, steps_per_dispatch: int) -> dict[str, Any]:
        """Settings that only our worker has."""
        num_validation = max(16, self.arguments.num_train // 9)
        more = {"steps_per_dispatch": steps_per_dispatch, "num_validation": num_validation}
        return {**settings, **more}

    def seconds_per_step(
        self, worker: Worker, variant: str, *, seconds: float | None = None
    ) -> float:
        """Median of a turn."""
        wanted = self.arguments.seconds if seconds is None else seconds
        times = worker.ask(do="time", variant=variant, seconds=wanted)
        return statistics.median(times) / worker.ask(do="steps")

    def say(self, text: str) -> None:
        """Print, and write to the file what there is so far."""
        print(text, flush=True)
        self._lines.append(text)
        if self.arguments.out:
            self.arguments.out.parent.mkdir(parents=True, exist_ok=True)
            self.arguments.out.write_text("\n".join([*self._lines, ""]), encoding="utf-8")

    def is_late(self) -> bool:
        """Whether nothing more should begin; notes that something was left out."""
        late = time.monotonic() > self._deadline
        self.cut_short |= late
        return late

    def close(self) -> None:
        """End both workers."""
        self.ours.close()
        self.theirs.close()
