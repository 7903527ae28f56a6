"""Groups of faces with equal hashes."""

import numpy as np
from jaxtyping import Int


def group_by(numbers: Int[np.ndarray, " face"]) -> list[Int[np.ndarray, "_"]]:
    """Groups the faces that share a number.

    Args:
      numbers: A number per face, given in the order of their first face.

    Returns:
      The faces of each number that at least two share, in the order of their first face.
    """
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order])) + 1
    return [group for group in np.split(order, starts) if len(group) > 1]
