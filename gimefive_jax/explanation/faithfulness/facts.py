"""What is known of each metric before it is measured: its question, direction, range and cost."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from gimefive_jax.explanation.faithfulness.curves import STEPS

_RISE = "Petsiuk, Das and Saenko, 2018, https://arxiv.org/abs/1806.07421"


@dataclasses.dataclass(frozen=True)
class MetricFacts:
    """What to print beside a number."""

    title: str
    asks: str
    """The question that the number answers, as a sentence."""
    better: Literal["higher", "lower"]
    low: float
    """The least value that there can be."""
    high: float
    """The greatest value that there can be."""
    forwards: int
    """Passes of the network per face and map, beside the face's own prediction."""
    reference: str


METRIC_FACTS: Mapping[str, MetricFacts] = MappingProxyType(
    {
        "deletion": MetricFacts(
            "Deletion AUC",
            "How fast does the probability fall while the most relevant pixels are replaced by the "
            "mean face?",
            *("lower", 0.0, 1.0, STEPS, _RISE),
        ),
        "deletion_blurred": MetricFacts(
            "Deletion AUC, blurred",
            "How fast does the probability fall while the most relevant pixels are blurred?",
            *("lower", 0.0, 1.0, STEPS, _RISE),
        ),
        "insertion": MetricFacts(
            "Insertion AUC",
            "How fast does the probability rise while the most relevant pixels come back onto the "
            "blurred face?",
            *("higher", 0.0, 1.0, STEPS, _RISE),
        ),
    }
)
"""By the name of the result, in the order in which tables show them."""
