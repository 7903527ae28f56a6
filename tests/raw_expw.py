"""Miniature downloads of ExpW: several faces to an image, boxes in a list of its own order."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tests.raw_fer2013 import CSV_IDS, EMOTIONS, jpeg, make_pixels

SIDE = 80


@dataclasses.dataclass(frozen=True)
class RawFace:
    image_name: str
    face_id: int
    # Left, top, right, bottom.
    box: tuple[int, int, int, int]
    emotion: str


def make_faces() -> list[RawFace]:
    """Two faces in each of seven images."""
    faces = []
    for number, emotion in enumerate(EMOTIONS):
        name = f"{emotion}_actor_{number}.jpg"
        faces.append(RawFace(name, 0, (5, 10, 35, 45), emotion))
        faces.append(RawFace(name, 1, (40, 30, 70, 66), EMOTIONS[number - 1]))
    return faces


def write_expw(
    root: Path,
    faces: Sequence[RawFace],
    *,
    label_file: str = "label/label.lst",
    images: str = "image/origin",
) -> None:
    """`image_name face_id top left right bottom confidence label`, and the images."""
    lines = []
    for face in faces:
        left, top, right, bottom = face.box
        numbers = f"{face.face_id} {top} {left} {right} {bottom} 45.1837 {CSV_IDS[face.emotion]}"
        lines.append(f"{face.image_name} {numbers}")
    (root / label_file).parent.mkdir(parents=True, exist_ok=True)
    (root / label_file).write_text("\n".join(lines) + "\n")
    (root / images).mkdir(parents=True, exist_ok=True)
    for name in {face.image_name for face in faces}:
        grey = make_pixels(len(name), side=SIDE)
        (root / images / name).write_bytes(jpeg(np.asarray(Image.fromarray(grey).convert("RGB"))))
