"""Finds near-duplicates: one picture cropped, compressed, brightened or mirrored again."""

import dataclasses
import logging
import time
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float32, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from tqdm import tqdm

from gimefive_jax.audit.alignment import correlate, correlate_aligned
from gimefive_jax.audit.components import Components
from gimefive_jax.audit.faces import Faces
from gimefive_jax.audit.signatures import SIDE, Signatures, sign, standardise

# Chosen by measurement. FER2013: above it the labels of a pair agree in 84 % of pairs however alike
# they are, below it ever less: 82, 77, 68 % per hundredth. Drawn faces, of which no two are copies:
# 13 of 20 million pairs, as they are and mirrored, reach it.
NEAR_CORRELATION = 0.97
# What a small shift or zoom can cost before it is made good. FER2013: floors of 0.80 and 0.60 find
# 3 pairs more than the 3,842 that these find.
SIGNATURE_FLOOR = 0.86
PLAIN_FLOOR = 0.75
# A group of more faces grows by new faces alone; its further pairs would tell nothing new, and of
# thousands of frames of one scene there are millions.
MOST_PAIRED = 100
_READ, _ROWS, _COLUMNS, _PAIRS = 1024, 2048, 8192, 2048
# Of a block, so that no more than a million pairs are held at a time.
_SLICE = 128
_MANY = 100_000


@dataclasses.dataclass(frozen=True)
class NearPairs:
    """Verified pairs of faces, `first` before `second`."""

    first: Int[np.ndarray, " pair"]
    second: Int[np.ndarray, " pair"]
    correlation: Float32[np.ndarray, " pair"]
    mirrored: Bool[np.ndarray, " pair"]

    def __len__(self) -> int:
        return len(self.first)


def find_near_pairs(
    faces: Faces,
    candidates: Int[np.ndarray, " some"],
    *,
    progress: bool = False,
) -> NearPairs:
    """Finds the pairs of faces that are one picture by their aligned correlation.

    Every pair is compared: the work grows with the square of the number of faces, memory (2.6 KB
    per face) with the number. Of faces that are connected already in a group of more than
    `MOST_PAIRED`, no further pairs are verified: the groups are the same as if they were. Two such
    groups stay apart once `MOST_PAIRED` squared pairs between them are no near-duplicates.

    Args:
      faces: All faces of a prepared set.
      candidates: Numbers of the faces to compare, ascending.
      progress: Whether a bar is shown.

    Returns:
      The pairs whose aligned correlation is at least `NEAR_CORRELATION`.
    """
    squares = np.empty((len(candidates), SIDE, SIDE), np.float16)
    for start in range(0, len(candidates), _READ):
        some = candidates[start : start + _READ]
        squares[start : start + _READ] = standardise(faces.pixels(some))
    signatures = _sign_all(squares)
    components = Components(len(candidates))
    found = [
        pairs
        for first, second, mirrored in _candidate_pairs(signatures, progress=progress)
        for pairs in _verify(squares, first, second, mirrored=mirrored, components=components)
    ]
    return _join(found, candidates)


def number_groups(pairs: NearPairs, num_faces: int) -> Int[np.ndarray, " face"]:
    """Numbers the groups that verified pairs connect.

    Args:
      pairs: Pairs of near-duplicates.
      num_faces: Number of all faces.

    Returns:
      A number per face, equal within a group, in the order of their first face.
    """
    links = (pairs.first, pairs.second)
    graph = coo_array((np.ones(len(pairs), np.int8), links), shape=(num_faces, num_faces))
    _, component = connected_components(graph, directed=False)
    _, first, numbers = np.unique(component, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[numbers]


def _sign_all(squares: np.ndarray) -> Signatures:
    parts = [sign(squares[start : start + _READ]) for start in range(0, len(squares), _READ)]
    return Signatures(
        code=np.concatenate([np.zeros((0, 65), np.float32), *(part.code for part in parts)]),
        mirrored=np.concatenate(
            [np.zeros((0, 65), np.float32), *(part.mirrored for part in parts)]
        ),
    )


def _candidate_pairs(
    signatures: Signatures, *, progress: bool
) -> Iterator[tuple[np.ndarray, np.ndarray, bool]]:
    """(first, second, mirrored) of what is alike by its signatures, block by block."""
    num_faces, began = len(signatures.code), time.monotonic()
    total = num_faces * (num_faces - 1) // 2
    with tqdm(
        total=total,
        desc="compare",
        unit=" pairs",
        unit_scale=True,
        delay=1,
        leave=False,
        disable=None if progress else True,
    ) as bar:
        for top in range(0, num_faces, _ROWS):
            rows = slice(top, min(top + _ROWS, num_faces))
            for left in range(top, num_faces, _COLUMNS):
                columns = signatures.code[left : left + _COLUMNS]
                for mirrored in (False, True):
                    codes = signatures.mirrored if mirrored else signatures.code
                    alike = codes[rows] @ columns.T >= SIGNATURE_FLOOR
                    for start in range(0, len(alike), _SLICE):
                        first, second = np.nonzero(alike[start : start + _SLICE])
                        first, second = first + top + start, second + left
                        ordered = first < second
                        yield first[ordered], second[ordered], mirrored
            height = rows.stop - top
            done = height * (num_faces - rows.stop) + height * (height - 1) // 2
            bar.update(done)
            if top == 0 and num_faces >= _MANY:
                _tell_time(num_faces, seconds=(time.monotonic() - began) * total / done)


def _tell_time(num_faces: int, *, seconds: float) -> None:
    logging.getLogger(__name__).warning(
        "every pair of %s faces is compared, which takes about %.0f minutes here",
        f"{num_faces:,}",
        seconds / 60,
    )


def _verify(
    squares: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    *,
    mirrored: bool,
    components: Components,
) -> Iterator[NearPairs]:
    for start in range(0, len(first), _PAIRS):
        some, others = first[start : start + _PAIRS], second[start : start + _PAIRS]
        open_ = ~components.settled(some, others, size=MOST_PAIRED)
        some, others = some[open_], others[open_]
        left, right = squares[some].astype(np.float32), squares[others].astype(np.float32)
        if mirrored:
            left = np.ascontiguousarray(left[:, :, ::-1])
        close = np.flatnonzero(correlate(left, right) >= PLAIN_FLOOR)
        correlation = correlate_aligned(left[close], right[close])
        near = correlation >= NEAR_CORRELATION
        compared = (some, others)
        some, others = some[close[near]], others[close[near]]
        components.join(some, others)
        components.note_tries(*compared, size=MOST_PAIRED)
        yield NearPairs(
            first=some,
            second=others,
            correlation=correlation[near],
            mirrored=np.full(int(near.sum()), mirrored),
        )


def _join(found: list[NearPairs], candidates: np.ndarray) -> NearPairs:
    """All pairs, by first and second face; a symmetrical face keeps the better of its two pairs."""
    empty = NearPairs(
        np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, np.bool_)
    )
    found = [empty, *found]
    first = candidates[np.concatenate([pairs.first for pairs in found])]
    second = candidates[np.concatenate([pairs.second for pairs in found])]
    correlation = np.concatenate([pairs.correlation for pairs in found])
    mirrored = np.concatenate([pairs.mirrored for pairs in found])
    order = np.lexsort((mirrored, -correlation, second, first))
    first, second = first[order], second[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (np.diff(first) != 0) | (np.diff(second) != 0)
    return NearPairs(first[new], second[new], correlation[order][new], mirrored[order][new])
