"""Runs of several processes on this machine, each started as a user would."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig

_CODE = "import sys; from gimefive_jax.cli import main; sys.exit(main())"
# A machine that tests may be busy with much else.
PATIENCE_SECONDS = 400


class Commands:
    """`count` processes of `devices` fake devices each, that run one verb together.

    Args:
      words: Verb and arguments, the same for all.
      place: Where logs go: `place.0.log`, ...
      extra_of_last: Further words of the last one.
    """

    def __init__(
        self,
        words: Sequence[str],
        place: Path,
        *,
        count: int = 2,
        devices: int = 4,
        extra_of_last: Sequence[str] = (),
    ) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        port = free_port()
        flags = f"--xla_force_host_platform_device_count={devices}"
        self.logs = [place.with_suffix(f".{number}.log") for number in range(count)]
        self.started = []
        for number, log in enumerate(self.logs):
            own = [*words]
            if count > 1:
                own += ["--coordinator", f"127.0.0.1:{port}", "--num-processes", str(count)]
                own += ["--process-id", str(number)]
            own += extra_of_last if number == count - 1 else []
            with log.open("w") as output:
                self.started.append(
                    subprocess.Popen(
                        [sys.executable, "-c", _CODE, *own],
                        env={**os.environ, "XLA_FLAGS": flags},
                        stdout=output,
                        stderr=subprocess.STDOUT,
                    )
                )

    def end(self) -> list[int]:
        """Exit statuses, once all have ended."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        try:
            return [one.wait(max(1, deadline - time.monotonic())) for one in self.started]
        finally:
            for one in self.started:
                one.kill()

    def text(self, number: int | None = None) -> str:
        """What one process, or all, said."""
        logs = self.logs if number is None else [self.logs[number]]
        return "\n".join(log.read_text() for log in logs)

    def mistakes(self, number: int) -> list[str]:
        """Lines that a process has for a user's mistake."""
        return re.findall(r"^gimefive: (.+)$", self.text(number), flags=re.MULTILINE)


class Processes(Commands):
    """Processes that train `config` into `folder`."""

    def __init__(
        self,
        config: ExperimentConfig,
        folder: Path,
        *,
        count: int = 2,
        devices: int = 4,
        extra: Sequence[str] = (),
        extra_of_last: Sequence[str] = (),
    ) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        source = folder.with_suffix(".json")
        source.write_text(json.dumps(configs.to_dict(config)))
        words = ["train", "--config", str(source), "--workdir", str(folder), *extra]
        super().__init__(words, folder, count=count, devices=devices, extra_of_last=extra_of_last)

    def wait_for_checkpoint(self, folder: Path) -> None:
        """Return once the run has saved its first one."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and all(one.poll() is None for one in self.started):
            if list((folder / "checkpoints").glob("[0-9]*/commit_success.txt")):
                return
            time.sleep(0.02)
        raise AssertionError(f"no checkpoint came: {self.text()}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
