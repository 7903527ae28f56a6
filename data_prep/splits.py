"""Carves validation and test, and lists the further splits of test."""

import hashlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int, UInt8
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from data_prep.spool import FaceTable

VALIDATION_SHARE = 0.1
TEST_SHARE = 0.2
SEED = 0
SETTINGS = (VALIDATION_SHARE, TEST_SHARE, SEED)
"""Whatever changes the splits of the same faces."""


def carve(
    faces: FaceTable, *, share: float = VALIDATION_SHARE, seed: int | str = SEED
) -> Bool[np.ndarray, " face"]:
    """Chooses the faces that are carved out, a share of each category.

    Neither a group of equal images nor the faces of one subject are divided. The choice depends on
    the pixels and the seed alone, not on file names or on their order.

    Args:
      faces: What is divided.
      share: Of each category, from 0 to 1.
      seed: Another seed is another choice.

    Returns:
      For each face whether it is carved out, `[face]`.
    """
    if not len(faces):
        return np.zeros(0, np.bool_)
    if (faces.subject < 0).all():
        return _carve_pictures(faces, share=share, seed=seed)
    return _carve_subjects(faces, share=share, seed=seed)


def index_splits(test: FaceTable, *, train: FaceTable) -> dict[str, Int[np.ndarray, "_"]]:
    """Finds the splits that are lists of test faces.

    Args:
      test: The test faces.
      train: The whole official train part.

    Returns:
      Rows of test in `public_test`, `private_test` and `test_deduplicated`, where there are any;
      the last leaves out every test image whose pixels equal those of an image in `train`.
    """
    pictures = _picture_numbers(np.concatenate([train.sha256, test.sha256]))
    seen = np.isin(pictures[len(train) :], pictures[: len(train)])
    usages = np.array([*test.usages, ""])[test.usage]
    splits = {
        "public_test": np.flatnonzero(usages == "PublicTest"),
        "private_test": np.flatnonzero(usages == "PrivateTest"),
        "test_deduplicated": np.flatnonzero(~seen),
    }
    return {name: rows for name, rows in splits.items() if len(rows)}


def count_emotions(faces: FaceTable, emotions: Sequence[str]) -> dict[str, int]:
    """Number of faces per emotion, in the order of `emotions`."""
    counts = np.bincount(faces.emotion, minlength=len(faces.emotions))
    by_word = dict(zip(faces.emotions, counts.tolist(), strict=True))
    return {emotion: by_word.get(emotion, 0) for emotion in emotions}


def hash_order(faces: FaceTable) -> str:
    """sha256 of the faces' pixel hashes in row order: index lists are only true for this order."""
    digest = hashlib.sha256()
    for start in range(0, len(faces), 4096):
        digest.update(faces.sha256[start : start + 4096].tobytes().hex().encode())
    return digest.hexdigest()


def _carve_pictures(
    faces: FaceTable, *, share: float, seed: int | str
) -> Bool[np.ndarray, " face"]:
    """A group of equal images counts for the emotion of its first one."""
    group = _picture_numbers(faces.sha256)
    _, first, size = np.unique(group, return_index=True, return_counts=True)
    emotion = faces.emotion[first]
    chosen = np.zeros(len(size), np.bool_)
    room = np.round(share * np.bincount(emotion, weights=size)).astype(int).tolist()
    for member in map(int, _in_drawn_order(faces.sha256, first, seed=seed)):
        if size[member] <= room[emotion[member]]:
            chosen[member] = True
            room[emotion[member]] -= size[member]
    return chosen[group]


def _carve_subjects(
    faces: FaceTable, *, share: float, seed: int | str
) -> Bool[np.ndarray, " face"]:
    """A group counts for the emotions of its faces, and is taken while there is room in each."""
    group = _people(faces)
    counts = np.zeros((group.max() + 1, len(faces.emotions)), np.int64)
    np.add.at(counts, (group, faces.emotion), 1)
    # A group is named by its smallest hash, so its name does not depend on the order of rows.
    order = np.lexsort((*_as_numbers(faces.sha256).T[::-1], group))
    first = order[np.unique(group[order], return_index=True)[1]]
    chosen = np.zeros(len(counts), np.bool_)
    room = np.round(share * counts.sum(axis=0)).astype(int)
    for member in map(int, _in_drawn_order(faces.sha256, first, seed=seed)):
        if (counts[member] <= room).all():
            chosen[member] = True
            room -= counts[member]
    return chosen[group]


def _people(faces: FaceTable) -> Int[np.ndarray, " face"]:
    """Number of the group of each face: linked by equal pixels or by the same subject."""
    pictures = _picture_numbers(faces.sha256)
    num_pictures, rows = int(pictures.max()) + 1, np.flatnonzero(faces.subject >= 0)
    num_nodes = num_pictures + int(faces.subject.max()) + 1
    links = (pictures[rows], num_pictures + faces.subject[rows])
    graph = coo_array((np.ones(len(rows), np.int8), links), shape=(num_nodes, num_nodes))
    _, component = connected_components(graph, directed=False)
    # Numbered anew, without gaps.
    return np.unique(component[pictures], return_inverse=True)[1]


def _picture_numbers(sha256: UInt8[np.ndarray, "face 32"]) -> Int[np.ndarray, " face"]:
    """The same number for equal hashes."""
    # As np.unique(axis=0) would number them, a column at a time: that one takes ten times the room.
    hashes = _as_numbers(sha256)
    order = _order(hashes)
    is_new = np.zeros(len(order), np.bool_)
    for column in hashes.T:
        in_order = column[order]
        is_new[1:] |= in_order[1:] != in_order[:-1]
    numbers = np.empty(len(order), np.int32)
    numbers[order] = np.cumsum(is_new)
    return numbers


def _as_numbers(sha256: UInt8[np.ndarray, "face 32"]) -> np.ndarray:
    # Big-endian, so that they are ordered as the hashes' digits are; a view, whatever their number.
    return np.ascontiguousarray(sha256).view(">u8")


def _in_drawn_order(
    sha256: UInt8[np.ndarray, "face 32"], rows: Int[np.ndarray, " group"], *, seed: int | str
) -> Int[np.ndarray, " group"]:
    """Order of the groups whose hashes are at `rows`."""
    # A hash instead of a generator: it stays the same in every version of every library.
    drawn = bytearray(32 * len(rows))
    for number, row in enumerate(rows):
        digest = sha256[row].tobytes().hex()
        start = 32 * number
        drawn[start : start + 32] = hashlib.sha256(f"{seed} {digest}".encode()).digest()
    return _order(_as_numbers(np.frombuffer(drawn, np.uint8).reshape(-1, 32)))


def _order(hashes: np.ndarray) -> Int[np.ndarray, " face"]:
    return np.lexsort(hashes.T[::-1])
