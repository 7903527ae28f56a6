"""What the library says of its metrics, as results keep it."""

import math

from gimefive_jax.explanation.faithfulness import MetricFacts
from gimefive_jax.faithfulness.results import MetricNote


def note_of(facts: MetricFacts) -> MetricNote:
    """Gives the facts of a metric as a part of a result, which JSON can hold.

    Args:
      facts: Of the library.
    """
    return MetricNote(
        title=facts.title,
        asks=facts.asks,
        better=facts.better,
        low=facts.low if math.isfinite(facts.low) else None,
        high=facts.high if math.isfinite(facts.high) else None,
        forwards=facts.forwards,
        reference=facts.reference,
    )
