"""Which faces validate, and which rows of test make its further splits."""

import hashlib
from collections import Counter
from collections.abc import Sequence

from data_prep.records import FaceRecord

VALIDATION_SHARE = 0.1
SEED = 0


def carve_validation(
    records: Sequence[FaceRecord], *, share: float = VALIDATION_SHARE, seed: int = SEED
) -> list[bool]:
    """For each record of the official train part, whether it goes to validation.

    Takes `share` of each emotion and never divides a group of equal images; a group with two labels
    counts for the emotion of its first record. The choice depends on the pixels and the seed alone,
    not on file names or on their order.
    """
    groups: dict[str, list[FaceRecord]] = {}
    for record in records:
        groups.setdefault(record.pixel_sha256, []).append(record)
    of_emotion: dict[str, list[str]] = {}
    for sha256, group in groups.items():
        of_emotion.setdefault(group[0].emotion, []).append(sha256)

    chosen: set[str] = set()
    for members in of_emotion.values():
        room = round(share * sum(len(groups[sha256]) for sha256 in members))
        for sha256 in sorted(members, key=lambda member: _draw(member, seed=seed)):
            if len(groups[sha256]) <= room:
                chosen.add(sha256)
                room -= len(groups[sha256])
    return [record.pixel_sha256 in chosen for record in records]


def index_splits(
    test: Sequence[FaceRecord], *, train: Sequence[FaceRecord]
) -> dict[str, list[int]]:
    """Rows of test in `public_test`, `private_test` and `test_deduplicated`, where there are any.

    `test_deduplicated` leaves out every test image whose pixels equal those of an image in `train`,
    the whole official train part.
    """
    seen = {record.pixel_sha256 for record in train}
    splits = {
        "public_test": [row for row, face in enumerate(test) if face.usage == "PublicTest"],
        "private_test": [row for row, face in enumerate(test) if face.usage == "PrivateTest"],
        "test_deduplicated": [
            row for row, face in enumerate(test) if face.pixel_sha256 not in seen
        ],
    }
    return {name: rows for name, rows in splits.items() if rows}


def count_emotions(records: Sequence[FaceRecord], emotions: Sequence[str]) -> dict[str, int]:
    """Number of records per emotion, in the order of `emotions`."""
    counts = Counter(record.emotion for record in records)
    return {emotion: counts[emotion] for emotion in emotions}


def _draw(sha256: str, *, seed: int) -> bytes:
    # A hash instead of a generator: it stays the same in every version of every library.
    return hashlib.sha256(f"{seed} {sha256}".encode()).digest()
