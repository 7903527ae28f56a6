"""Drawn faces as records: the same numbers always give the same faces."""

from collections.abc import Iterator

import numpy as np
from PIL import Image
from tqdm import tqdm

from data_prep.drawn_faces.dataset import draw_split
from data_prep.records import FaceRecord
from data_prep.sources import DrawnNumbers
from gimefive_jax.errors import InputError
from gimefive_jax.images import encode_png, hash_pixels


def draw_records(drawn: DrawnNumbers) -> Iterator[FaceRecord]:
    """Faces of every split, as many as asked for; `usage` is the split."""
    num_faces = {"train": drawn.train, "validation": drawn.validation, "test": drawn.test}
    for split, number in num_faces.items():
        if number < 1:
            raise InputError(f"number of {split} faces {number} must be at least 1")
    for split, number in num_faces.items():
        faces = draw_split(split, number, seed=drawn.seed)
        bar = tqdm(
            faces, desc=f"draw {split}", unit=" faces", total=number, leave=False, disable=None
        )
        for row, face in enumerate(bar):
            yield FaceRecord(
                image=encode_png(face.pixels),
                emotion=face.emotion,
                file_name=f"{split}_{row:06d}.png",
                source="drawn_faces",
                usage=split,
                part="test" if split == "test" else "train",
                pixel_sha256=hash_pixels(Image.fromarray(face.pixels)),
                channels=3,
                extras={
                    "landmarks": np.asarray(face.landmarks, np.float32),
                    "evidence": np.asarray(face.evidence, np.bool_),
                    "intensity": np.asarray(face.intensity, np.float32),
                },
            )
