"""What a heat map is worth: measured against the network, against known places, and by chance."""

from gimefive_jax.explanation.faithfulness.facts import (
    MASS_FACTS,
    METRIC_FACTS,
    SANITY_FACTS,
    MetricFacts,
)
from gimefive_jax.explanation.faithfulness.maps import maps_of
from gimefive_jax.explanation.faithfulness.measure import (
    DEGENERATE,
    METRICS,
    MeasureFunction,
    Metric,
    measure_fn,
)
from gimefive_jax.explanation.faithfulness.sanity import (
    random_logit,
    randomisation_test,
    randomised,
)

__all__ = [
    "DEGENERATE",
    "MASS_FACTS",
    "METRICS",
    "METRIC_FACTS",
    "SANITY_FACTS",
    "MeasureFunction",
    "Metric",
    "MetricFacts",
    "maps_of",
    "measure_fn",
    "random_logit",
    "randomisation_test",
    "randomised",
]
