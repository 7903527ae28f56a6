"""Faces for an audit straight from arrays."""

import hashlib
from pathlib import Path

import numpy as np

from gimefive_jax.audit.audit import find_faults_of
from gimefive_jax.audit.faces import Faces, stack_faces
from gimefive_jax.audit.findings import Audit
from gimefive_jax.data import Originals, Split
from gimefive_jax.data.names import FileNames
from gimefive_jax.data.prepared import PreparedSet

EMOTIONS = ("happiness", "surprise", "sadness", "anger", "disgust", "fear")


def make_faces(
    train: np.ndarray,
    test: np.ndarray,
    *,
    train_labels: np.ndarray,
    test_labels: np.ndarray,
    name: str = "",
) -> Faces:
    """Faces of two splits, uint8 [n, h, w, c]; `name` becomes part of their file names."""
    splits = [
        _split("train", train, train_labels, name=name),
        _split("test", test, test_labels, name=name),
    ]
    return stack_faces(splits, [_originals(split) for split in splits])


def find_faults_in(faces: Faces) -> Audit:
    """Audits faces as if they were a prepared set."""
    prepared = PreparedSet(
        name="made",
        variant="six",
        version="1.0.0",
        path=Path("made"),
        fingerprint="f",
        emotions=EMOTIONS,
        channels=3,
        splits=faces.counts(),
        index_splits={},
        order={},
    )
    return find_faults_of(prepared, faces)


def _split(split: str, images: np.ndarray, labels: np.ndarray, *, name: str) -> Split:
    return Split(
        name=split,
        data_name="made/six",
        images=images,
        labels=labels.astype(np.int32),
        file_names=FileNames(np.array([f"{split}_{row}{name}.png" for row in range(len(images))])),
        emotions=EMOTIONS,
        digest="",
        extras={"pixel_sha256": _hashes(images)},
        index=np.arange(len(images)),
    )


def _originals(split: Split) -> Originals:
    number, height, width, _ = split.images.shape
    return Originals(
        width=np.full(number, width),
        height=np.full(number, height),
        mode=("RGB",) * number,
        format=("PNG",) * number,
        file_sha256=split.extras["pixel_sha256"],
    )


def _hashes(images: np.ndarray) -> np.ndarray:
    digests = b"".join(hashlib.sha256(image.tobytes()).digest() for image in images)
    return np.frombuffer(digests, np.uint8).reshape(-1, 32)
