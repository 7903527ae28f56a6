"""Maps that show no place."""

import math

from jaxtyping import Bool, Float

from gimefive_jax.structs import AnyArray


def is_degenerate(heat_maps: Float[AnyArray, "face rows columns"]) -> Bool[AnyArray, " face"]:
    """Tells which maps show no place: no cell is positive, all are equal, or one is no number.

    Args:
      heat_maps: Signed maps, `[face, rows, columns]`, of numpy or jax.

    Returns:
      True for each such map, `[face]`.
    """
    peak, floor = heat_maps.max((1, 2)), heat_maps.min((1, 2))
    # Any comparison with what is no number is false.
    return ~((peak > 0) & (peak > floor) & (peak < math.inf) & (floor > -math.inf))
