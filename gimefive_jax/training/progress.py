"""The progress bar of a run."""

import contextlib
import sys
from collections.abc import Iterator

from tqdm import tqdm


@contextlib.contextmanager
def progress_bar(step: int, num_steps: int, batch_size: int, progress: bool) -> Iterator[tqdm]:
    """A bar that counts faces, from those of `step` steps to those of `num_steps`."""
    with tqdm(
        total=num_steps * batch_size,
        initial=step * batch_size,
        unit="face",
        unit_scale=True,
        disable=not progress,
        smoothing=0.05,
        dynamic_ncols=True,
        # A log file wants a line now and then, not ten a second.
        mininterval=0.1 if sys.stderr.isatty() else 15,
    ) as bar:
        yield bar


def print_line(line: str) -> None:
    """Prints a line for the person who watches, on standard error."""
    print(f"gimefive: {line}", file=sys.stderr, flush=True)  # noqa: T201 - what this file is for
