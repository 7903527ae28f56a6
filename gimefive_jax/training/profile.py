"""Traces a few groups of steps, for XProf and Perfetto."""

from pathlib import Path

import jax
from jaxtyping import PyTree

# The first group compiles, and the one after it may still wait for the first faces.
_BEGINS, _ENDS = 2, 4


class Profiler:
    """Traces a few groups of steps of one call of `train`.

    Args:
      folder: Where the trace is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._groups, self._tracing = folder, 0, False

    def between_groups(self, state: PyTree) -> None:
        """Begins or ends the trace where it is time.

        Args:
          state: The state after the last group, which is waited for, so that groups are whole.
        """
        if self._groups == _BEGINS:
            jax.block_until_ready(state)
            # XProf reads the folder, ui.perfetto.dev the perfetto_trace.json.gz in it.
            jax.profiler.start_trace(self._folder, create_perfetto_trace=True)
            self._tracing = True
        elif self._groups == _ENDS:
            jax.block_until_ready(state)
            self.close()
        self._groups += 1

    def close(self) -> None:
        """Ends the trace if one is going on."""
        if self._tracing:
            jax.profiler.stop_trace()
            self._tracing = False
