"""Decides whether a run goes on, saves or ends; the decision is the same on every process."""

import dataclasses
import math
import time
from typing import Literal

import jax
import numpy as np
from jax.sharding import Mesh

from gimefive_jax import parallel
from gimefive_jax.config import TrainingConfig
from gimefive_jax.training.interrupts import Interrupts

Ending = Literal["finished", "stopped early", "out of time", "interrupted", "terminated"]
# Ordered by weight, for processes that were asked for different ones.
_ENDINGS: tuple[Ending | None, ...] = (None, "out of time", "terminated", "interrupted")


@dataclasses.dataclass(frozen=True)
class Action:
    """What to do between two groups of steps."""

    ending: Ending | None
    """Why the run ends now; None where it goes on."""
    save: bool


class StopPolicy:
    """Decides between groups of steps, from signals on any process and the clock of the first one.

    Args:
      config: Time limits of this call.
      asked: What signals ask of this process.
      mesh: Devices of all processes.
    """

    def __init__(self, config: TrainingConfig, asked: Interrupts, mesh: Mesh) -> None:
        now, minutes = time.monotonic(), config.max_minutes
        self._deadline = now + minutes * 60 if minutes else math.inf
        self._save_seconds, self._saved_at = config.save_every_minutes * 60, now
        self._asked, self._mesh = asked, mesh
        self._underway: jax.Array | None = None
        self._outdated = False

    def decide(self) -> Action:
        """Returns what all processes do now.

        A single process does at once what it is asked. Several ask each other while the devices
        work and read the answer one group later, when it is there, so that none waits for it.
        """
        wish = self._wish()
        if jax.process_count() == 1:
            return self._action(wish)
        answer, self._underway = self._underway, parallel.largest(wish, self._mesh)
        if answer is None:
            return Action(ending=None, save=False)
        action = self._action(np.asarray(jax.device_get(answer)))
        outdated, self._outdated = self._outdated, False
        return dataclasses.replace(action, save=action.save and not outdated)

    def saved(self) -> None:
        """Notes that everything so far is on disk."""
        self._saved_at = time.monotonic()
        # The answer under way may ask for the save that has just been made.
        self._outdated = self._underway is not None

    def _wish(self) -> np.ndarray:
        now = time.monotonic()
        out_of_time = parallel.is_first() and now >= self._deadline
        ending = self._asked.ending or ("out of time" if out_of_time else None)
        due = parallel.is_first() and now - self._saved_at > self._save_seconds
        return np.array([_ENDINGS.index(ending), due], np.int32)

    @staticmethod
    def _action(wish: np.ndarray) -> Action:
        return Action(ending=_ENDINGS[int(wish[0])], save=bool(wish[1]))
