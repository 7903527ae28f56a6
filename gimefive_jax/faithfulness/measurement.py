"""What one measurement is; each family of metrics is a file that gives some."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Literal

from gimefive_jax.faithfulness.parts import Arrays
from gimefive_jax.faithfulness.results import MetricNote
from gimefive_jax.faithfulness.setting import Setting
from gimefive_jax.faithfulness.values import Maps

Cost = Literal["cheap", "perturbed", "few"]
"""Which of the plan's numbers of faces it takes; see `FaceCounts`."""


@dataclasses.dataclass(frozen=True)
class Measurement:
    """A step that measures maps."""

    name: str
    """As `--metrics` names it."""
    cost: Cost
    notes: Mapping[str, MetricNote]
    """Of the columns that it gives, in the order of tables."""
    measure: Callable[[Setting, Maps], Arrays]
    """Gives for each face of the maps a value, NaN where it has none, or a curve."""
    of_baselines: bool = True
    """Whether baselines are measured as well; what needs a method is not."""
    explains: bool = False
    """Whether it explains changed faces or networks: too much for slow methods by default."""
