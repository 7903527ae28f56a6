"""Maps that show no place."""

import numpy as np
from jaxtyping import Bool, Float


def is_degenerate(heat_maps: Float[np.ndarray, "face rows columns"]) -> Bool[np.ndarray, " face"]:
    """Tells which maps show no place: none of their cells is positive, or all are equal.

    Args:
      heat_maps: Signed maps, `[face, rows, columns]`.

    Returns:
      True for each such map, `[face]`.
    """
    peak, floor = heat_maps.max((1, 2)), heat_maps.min((1, 2))
    return (peak <= 0) | (peak == floor)
