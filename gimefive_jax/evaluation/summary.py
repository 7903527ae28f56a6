"""Everything that is measured on a split, as one dictionary."""

import numpy as np
from jaxtyping import Float

from gimefive_jax.data import Split
from gimefive_jax.evaluation.calibration import measure_calibration
from gimefive_jax.evaluation.metrics import measure
from gimefive_jax.evaluation.reference import ReferenceEvaluation
from gimefive_jax.readout import PLAIN, Readout


def summarise(
    split: Split,
    logits: Float[np.ndarray, "face emotion"],
    *,
    reference: ReferenceEvaluation | None = None,
    readout: Readout = PLAIN,
) -> dict[str, object]:
    """Metrics of a split and its calibration, as in `metrics.json`."""
    calibration: dict[str, object] = {
        "temperature": readout.temperature,
        "temperature_source": readout.source or None,
        "before": measure_calibration(logits, split.labels),
        "after": measure_calibration(logits, split.labels, readout=readout),
    }
    metrics = measure(logits, split.labels, reference=reference).compute(split.emotions)
    return {"flip": readout.flip, **metrics, "calibration": calibration}
