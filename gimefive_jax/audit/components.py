"""Connected components of faces, updated pair by pair."""

from collections import Counter

import numpy as np
from jaxtyping import Bool, Int


class Components:
    """Connected components of a growing graph of faces; many pairs are looked up at once."""

    def __init__(self, num_faces: int) -> None:
        self._of_face = np.arange(num_faces)
        self._members: dict[int, Int[np.ndarray, "_"]] = {}
        self._size = np.ones(num_faces, np.int64)
        self._tries: Counter[int] = Counter()
        self._apart: set[int] = set()

    def join(self, first: Int[np.ndarray, " pair"], second: Int[np.ndarray, " pair"]) -> None:
        """Connects the faces of each pair."""
        new = np.flatnonzero(self._of_face[first] != self._of_face[second])
        for one, other in zip(first[new].tolist(), second[new].tolist(), strict=True):
            self._merge(int(self._of_face[one]), int(self._of_face[other]))

    def settled(
        self, first: Int[np.ndarray, " pair"], second: Int[np.ndarray, " pair"], *, size: int
    ) -> Bool[np.ndarray, " pair"]:
        """Tells which pairs need not be compared.

        Args:
          first: Face of each pair, `[pair]`.
          second: The other face of each pair, `[pair]`.
          size: Only components of more faces than this are settled.

        Returns:
          True for a pair within one such component, and between two of which `size` squared pairs
          have been compared and were no near-duplicates.
        """
        large, key = self._between(first, second, size=size)
        same = self._of_face[first] == self._of_face[second]
        return large & (same | np.isin(key, list(self._apart)))

    def note_tries(
        self, first: Int[np.ndarray, " pair"], second: Int[np.ndarray, " pair"], *, size: int
    ) -> None:
        """Counts pairs that were compared and have not connected their components."""
        large, key = self._between(first, second, size=size)
        vain = large & (self._of_face[first] != self._of_face[second])
        keys, counts = np.unique(key[vain], return_counts=True)
        for one, count in zip(keys.tolist(), counts.tolist(), strict=True):
            self._tries[one] += count
            if self._tries[one] >= size**2:
                self._apart.add(one)

    def _between(
        self, first: Int[np.ndarray, " pair"], second: Int[np.ndarray, " pair"], *, size: int
    ) -> tuple[Bool[np.ndarray, " pair"], Int[np.ndarray, " pair"]]:
        """Whether both components are large, and a number for the two."""
        one, other = self._of_face[first], self._of_face[second]
        large = (self._size[one] > size) & (self._size[other] > size)
        return large, np.minimum(one, other) * len(self._size) + np.maximum(one, other)

    def _merge(self, large: int, small: int) -> None:
        if large == small:
            return
        if self._size[large] < self._size[small]:
            large, small = small, large
        # The smaller one is renumbered, so that no face is more often than log2 of their number.
        moved = self._members.pop(small, np.array([small]))
        self._of_face[moved] = large
        self._members[large] = np.append(self._members.get(large, np.array([large])), moved)
        self._size[large] += self._size[small]
