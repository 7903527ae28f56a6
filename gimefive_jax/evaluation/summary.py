"""Everything that is measured on a split, as one dictionary."""

import numpy as np
from jaxtyping import Float

from gimefive_jax.data import Split
from gimefive_jax.evaluation.calibration import measure_calibration
from gimefive_jax.evaluation.metrics import measure
from gimefive_jax.evaluation.reference import ReferenceEvaluation


def summarise(
    split: Split,
    logits: Float[np.ndarray, "face emotion"],
    *,
    reference: ReferenceEvaluation | None = None,
    flip: bool = False,
    temperature: float = 1.0,
    temperature_source: str = "",
) -> dict[str, object]:
    """Metrics of a split and its calibration, as in `metrics.json`."""
    calibration: dict[str, object] = {
        "temperature": temperature,
        "temperature_source": temperature_source or None,
        "before": measure_calibration(logits, split.labels),
        "after": measure_calibration(logits, split.labels, temperature=temperature),
    }
    metrics = measure(logits, split.labels, reference=reference).compute(split.emotions)
    return {"flip": flip, **metrics, "calibration": calibration}
