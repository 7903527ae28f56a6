"""Groups of faces with equal hashes."""

import numpy as np
from jaxtyping import Int, UInt8


def number_pictures(sha256: UInt8[np.ndarray, "face 32"]) -> Int[np.ndarray, " face"]:
    """Numbers the pictures of a set.

    Args:
      sha256: Digest of the pixels of each face, `[face, 32]`.

    Returns:
      A number per face, equal for equal digests, in the order of their first face.
    """
    words = np.ascontiguousarray(sha256).view(np.uint64)
    _, first, numbers = np.unique(words, axis=0, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[numbers.reshape(-1)]


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
