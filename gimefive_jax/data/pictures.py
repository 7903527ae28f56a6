"""Numbers of pictures: faces with equal pixels share one."""

import numpy as np
from jaxtyping import Int, UInt8

from gimefive_jax.data.split import Split


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


def pictures_of(split: Split) -> Int[np.ndarray, " face"]:
    """Numbers the pictures of a split, so that copies of a picture can be drawn together.

    Args:
      split: Any split; one that does not know the digests of its pixels counts as without copies.

    Returns:
      A number per face, equal where the stored pixels are equal, `[face]`.
    """
    column = split.extras.get("pixel_sha256")
    return np.arange(len(split)) if column is None else number_pictures(column)
