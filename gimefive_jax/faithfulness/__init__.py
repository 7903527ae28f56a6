"""Measures how faithful explanations are: every method beside baselines, over a whole split.

>>> from gimefive_jax.faithfulness import FaithfulnessPlan, measure_split, read_faithfulness
"""

from gimefive_jax.faithfulness.measuring import MeasuredSplit, measure_split
from gimefive_jax.faithfulness.plan import EVERYTHING, FaceCounts, FaithfulnessPlan, PlannedMaps
from gimefive_jax.faithfulness.results import (
    Estimate,
    Faithfulness,
    Measure,
    MeasuredMaps,
    MetricNote,
    read_faithfulness,
)

__all__ = [
    "EVERYTHING",
    "Estimate",
    "FaceCounts",
    "Faithfulness",
    "FaithfulnessPlan",
    "Measure",
    "MeasuredMaps",
    "MeasuredSplit",
    "MetricNote",
    "PlannedMaps",
    "measure_split",
    "read_faithfulness",
]
