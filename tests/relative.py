"""The project's one measure of a difference."""

import numpy as np


def relative_difference(found: object, wanted: object) -> float:
    """max|a-b| / max|b| over a tensor, in float64."""
    a, b = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    return float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-30))
