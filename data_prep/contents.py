"""What a prepared data set will hold: its faces by split, and the facts written beside them."""

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np
from tqdm import tqdm

from data_prep import fer2013, splits
from data_prep.records import FaceRecord, SkippedImage
from gimefive_jax.emotions import emotion_names
from gimefive_jax.errors import InputError
from gimefive_jax.images import encode_png, hash_pixels

NUM_CLASSES = {"six": 6, "seven": 7}
# Of the features on disk, as TFDS counts it.
VERSION = "1.0.0"
# Raised when the drawing or this file changes what comes out of the same numbers.
DRAWING_VERSION = 1


class IndexSplit(TypedDict):
    """A split that is a list of rows of another one."""

    of: str
    rows: list[int]


class Metadata(TypedDict):
    """What is stored beside the records, as JSON."""

    fingerprint: str
    emotions: list[str]
    channels: int
    counts: dict[str, dict[str, int]]
    index_splits: dict[str, IndexSplit]
    order: dict[str, str]
    skipped: dict[str, str]
    left_out: dict[str, int]


@dataclasses.dataclass(frozen=True)
class Content:
    """Faces by physical split, index lists over them, and images that could not be read."""

    splits: Mapping[str, Sequence[FaceRecord]]
    emotions: tuple[str, ...]
    index_splits: Mapping[str, Sequence[int]] = dataclasses.field(default_factory=dict)
    """Rows of `test` per further split."""
    skipped: Sequence[SkippedImage] = ()
    left_out: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """Faces per emotion that this variant does not hold."""

    def metadata(self, fingerprint: str) -> Metadata:
        """Counts, index splits and skipped images of this content."""
        test = self.splits.get("test", ())
        counts = {
            name: splits.count_emotions(faces, self.emotions) for name, faces in self.splits.items()
        } | {
            name: splits.count_emotions([test[row] for row in rows], self.emotions)
            for name, rows in self.index_splits.items()
        }
        channels = {face.channels for faces in self.splits.values() for face in faces}
        return {
            "fingerprint": fingerprint,
            "emotions": list(self.emotions),
            "channels": max(channels),
            "counts": counts,
            "index_splits": {
                name: {"of": "test", "rows": list(rows)} for name, rows in self.index_splits.items()
            },
            "order": {name: hash_order(faces) for name, faces in self.splits.items()},
            "skipped": {image.file_name: image.reason for image in self.skipped},
            "left_out": dict(self.left_out),
        }


def hash_order(faces: Iterable[FaceRecord]) -> str:
    """sha256 of the faces' pixel hashes in row order: index lists are only true for this order."""
    digest = hashlib.sha256()
    for face in faces:
        digest.update(face.pixel_sha256.encode())
    return digest.hexdigest()


def fer2013_content(raw: Path, *, variant: str) -> Content:
    """FER2013 with validation carved from its official train part.

    The encoded images are held in memory: 40 MB for the whole set.
    """
    emotions = emotion_names(NUM_CLASSES[variant])
    faces: list[FaceRecord] = []
    skipped: list[SkippedImage] = []
    left_out: Counter[str] = Counter()
    for record in tqdm(
        fer2013.read_records(raw), desc="read", unit=" faces", leave=False, disable=None
    ):
        if isinstance(record, SkippedImage):
            skipped.append(record)
        elif record.emotion in emotions:
            faces.append(record)
        else:
            left_out[record.emotion] += 1
    _check_readable(raw, skipped, num_read=len(faces) + left_out.total())
    _check_emotions(raw, faces, emotions, variant=variant)
    train = [face for face in faces if face.part == "train"]
    test = [face for face in faces if face.part == "test"]
    validates = splits.carve_validation(train)
    parts = {
        "train": [face for face, held in zip(train, validates, strict=True) if not held],
        "validation": [face for face, held in zip(train, validates, strict=True) if held],
        "test": test,
    }
    return Content(
        splits={name: part for name, part in parts.items() if part},
        emotions=emotions,
        index_splits=splits.index_splits(test, train=train),
        skipped=skipped,
        left_out=left_out,
    )


def drawn_content(num_faces: Mapping[str, int], *, seed: int) -> Content:
    """Drawn faces, as many per split as asked for; the same numbers always give the same faces."""
    from data_prep.drawn_faces import draw_split

    parts: dict[str, list[FaceRecord]] = {}
    for split, number in num_faces.items():
        drawn = draw_split(split, number, seed=seed)
        bar = tqdm(
            drawn, desc=f"draw {split}", unit=" faces", total=number, leave=False, disable=None
        )
        parts[split] = [
            FaceRecord(
                image=encode_png(face.pixels),
                emotion=face.emotion,
                file_name=f"{split}_{row:06d}.png",
                source="drawn_faces",
                usage=split,
                part="test" if split == "test" else "train",
                pixel_sha256=_hash_array(face.pixels),
                channels=3,
                extras={
                    "landmarks": np.asarray(face.landmarks, np.float32),
                    "evidence": np.asarray(face.evidence, np.bool_),
                    "intensity": np.asarray(face.intensity, np.float32),
                },
            )
            for row, face in enumerate(bar)
        ]
    return Content(splits=parts, emotions=emotion_names(6))


def _hash_array(pixels: np.ndarray) -> str:
    from PIL import Image

    return hash_pixels(Image.fromarray(pixels))


def _check_readable(raw: Path, skipped: Sequence[SkippedImage], *, num_read: int) -> None:
    if len(skipped) > num_read:
        raise InputError(
            f"{len(skipped)} of {len(skipped) + num_read} images in {raw} cannot be read, "
            f"the first: {skipped[0].reason}; download it again"
        )
    if not num_read:
        raise InputError(f"{raw} holds no faces; download it again")


def _check_emotions(
    raw: Path, faces: Sequence[FaceRecord], emotions: Sequence[str], *, variant: str
) -> None:
    counts = splits.count_emotions([face for face in faces if face.part == "train"], emotions)
    if missing := [emotion for emotion, number in counts.items() if not number]:
        raise InputError(
            f"variant '{variant}' needs {missing[0]}, but {raw} holds no such face to train on; "
            f"use {'--variant six or ' if variant == 'seven' else ''}a complete download"
        )
