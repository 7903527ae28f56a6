"""Miniature downloads of FER2013 in each of its layouts, with their quirks."""

import csv
import dataclasses
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

EMOTIONS = ("happiness", "surprise", "sadness", "anger", "disgust", "fear", "neutral")
CSV_IDS = {
    "anger": 0,
    "disgust": 1,
    "fear": 2,
    "happiness": 3,
    "sadness": 4,
    "surprise": 5,
    "neutral": 6,
}
FOLDERS = {
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "happiness": "happy",
    "neutral": "neutral",
    "sadness": "sad",
    "surprise": "surprise",
}


@dataclasses.dataclass(frozen=True)
class RawFace:
    usage: str
    number: int
    emotion: str
    pixels: np.ndarray

    @property
    def part(self) -> str:
        return "train" if self.usage == "Training" else "test"


def make_faces(*, num_train: int = 10, emotions: Sequence[str] = EMOTIONS) -> list[RawFace]:
    """Per emotion: `num_train` faces, one of each test part, a test face equal to a train face."""
    faces = []
    for label, emotion in enumerate(emotions):
        usages = ["Training"] * num_train + ["PublicTest", "PrivateTest"]
        for number, usage in enumerate(usages):
            pixels = make_pixels(label * 10_000 + number)
            faces.append(RawFace(usage, label * 10_000 + number, emotion, pixels))
        duplicate = make_pixels(label * 10_000)
        faces.append(RawFace("PublicTest", label * 10_000 + 9_999, emotion, duplicate))
    return faces


def make_pixels(seed: int, *, side: int = 48) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BILINEAR))


def jpeg(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG", quality=95)
    return buffer.getvalue()


def write_csv(path: Path, faces: Sequence[RawFace], *, header: Sequence[str]) -> None:
    """Layouts (a), (b) and (c), by their header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for face in faces:
            values = {
                "emotion": CSV_IDS[face.emotion],
                "usage": face.usage,
                "pixels": " ".join(map(str, face.pixels.ravel())),
            }
            writer.writerow([values[column.strip().lower()] for column in header])


def write_folders(root: Path, faces: Sequence[RawFace], *, suffix: str = ".jpg") -> None:
    """Layout (d)."""
    for face in faces:
        name = f"{face.usage}_{face.number}{suffix}"
        path = root / face.part / FOLDERS[face.emotion] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(face.pixels))


def write_labelled(root: Path, faces: Sequence[RawFace], *, suffix: str = ".jpg") -> None:
    """Layout (e)."""
    lines: dict[str, list[str]] = {"train": [], "test": []}
    for face in faces:
        name = f"{face.usage}_{face.number}_{face.emotion}{suffix}"
        path = root / face.part / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(face.pixels))
        lines[face.part].append(f"{name},{EMOTIONS.index(face.emotion)}")
    for part, rows in lines.items():
        (root / f"{part}_FER_labels.csv").write_text("\n".join(rows) + "\n")


def zip_folder(root: Path, path: Path) -> Path:
    """Zip of everything below `root`, with the folder itself on top."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(root.rglob("*")):
            archive.write(file, file.relative_to(root.parent))
    return path
