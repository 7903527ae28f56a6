"""The `gimefive` command in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping

CODE = "import sys; from gimefive_jax.cli import main; sys.exit(main())"
# One device: a shell's redirections are what is looked at, not shardings.
_ENVIRONMENT = {"XLA_FLAGS": ""}


def start(*words: object) -> "subprocess.Popen[str]":
    """The running command, with its output and complaints in pipes."""
    return subprocess.Popen(
        [sys.executable, "-c", CODE, *map(str, words)],
        env={**os.environ, **_ENVIRONMENT},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(
    *words: object, redirected: str = "", environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """The finished command; `redirected` is what a shell would read after it, such as `>&-`."""
    return subprocess.run(
        ["bash", "-c", f'"$0" "$@" {redirected}', sys.executable, "-c", CODE, *map(str, words)],
        env={**os.environ, **_ENVIRONMENT, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
