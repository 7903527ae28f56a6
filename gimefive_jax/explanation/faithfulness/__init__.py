"""What a heat map is worth: measured against the network, against known places, and by chance."""

from gimefive_jax.explanation.faithfulness.facts import METRIC_FACTS, MetricFacts
from gimefive_jax.explanation.faithfulness.measure import (
    DEGENERATE,
    METRICS,
    MeasureFunction,
    Metric,
    measure_fn,
)

__all__ = [
    "DEGENERATE",
    "METRICS",
    "METRIC_FACTS",
    "MeasureFunction",
    "Metric",
    "MetricFacts",
    "measure_fn",
]
