"""Planted evidence, where a data set knows which pixels show the expression."""

import numpy as np

from gimefive_jax.explanation.faithfulness.mass import mass_on
from gimefive_jax.faithfulness.measurement import Measurement
from gimefive_jax.faithfulness.parts import Arrays
from gimefive_jax.faithfulness.results import MetricNote
from gimefive_jax.faithfulness.setting import Setting
from gimefive_jax.faithfulness.values import Maps

COLUMN = "evidence"
NAME = "planted_evidence"
_NOTE = MetricNote(
    title="Mass on planted evidence",
    asks="Which share of the map's positive mass lies on the pixels that show the expression?",
    better="higher",
    low=0.0,
    high=1.0,
    forwards=0,
)


def _measure(setting: Setting, maps: Maps) -> Arrays:
    evidence = setting.split.extras[COLUMN][maps.rows]
    return {NAME: np.asarray(mass_on(maps.heat_map, evidence))}


PLANTED = Measurement(NAME, "cheap", {NAME: _NOTE}, _measure)
"""Only for splits with a column `evidence`; see `measurements_for`."""
