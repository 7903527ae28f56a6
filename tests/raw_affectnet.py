"""Miniature downloads of AffectNet: annotated lists, arrays beside images, and the re-pack."""

import csv
import dataclasses
import io
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tests.raw_fer2013 import make_pixels

IDS = {
    "neutral": 0, "happiness": 1, "sadness": 2, "surprise": 3, "fear": 4, "disgust": 5, "anger": 6,
    "contempt": 7, "none": 8, "uncertain": 9, "no face": 10,
}  # fmt: skip
WORDS = {
    "anger": "anger", "contempt": "contempt", "disgust": "disgust", "fear": "fear",
    "happiness": "happy", "neutral": "neutral", "sadness": "sad", "surprise": "surprise",
}  # fmt: skip
COLUMNS = (
    "subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks",
    "expression", "valence", "arousal",
)  # fmt: skip
BOX = (5, 6, 50, 40)


@dataclasses.dataclass(frozen=True)
class AffectNetFace:
    part: str
    number: int
    emotion: str

    def landmarks(self) -> np.ndarray:
        return np.arange(136, dtype=np.float64).reshape(68, 2) / 4 + self.number

    @property
    def valence(self) -> float:
        return -2.0 if IDS[self.emotion] > 7 else 0.785714

    @property
    def arousal(self) -> float:
        return -2.0 if IDS[self.emotion] > 7 else -0.0555556

    @property
    def listed_path(self) -> str:
        return f"{self.number % 3 + 1}/{self.number:056x}.jpg"

    def colour_jpeg(self) -> bytes:
        grey = make_pixels(self.number, side=64)
        buffer = io.BytesIO()
        image = Image.fromarray(np.stack([grey, grey[::-1], grey[:, ::-1]], axis=-1))
        image.save(buffer, format="JPEG", quality=95)
        return buffer.getvalue()


def make_affectnet_faces(emotions: Collection[str] = tuple(IDS)) -> list[AffectNetFace]:
    """Two train faces and a test face per category."""
    train = [AffectNetFace("train", i, e) for i, e in enumerate((*emotions, *emotions))]
    return train + [AffectNetFace("test", 500 + i, e) for i, e in enumerate(emotions)]


def list_row(face: AffectNetFace) -> list[str]:
    landmarks = ";".join(f"{value:.2f}" for value in face.landmarks().ravel())
    numbers = (IDS[face.emotion], face.valence, face.arousal)
    return [face.listed_path, *map(str, BOX), landmarks, *map(str, numbers)]


def write_lists(
    root: Path,
    faces: Collection[AffectNetFace],
    *,
    headers: Collection[str] = ("training",),
    columns: Sequence[str] = COLUMNS,
    images: str = "Manually_Annotated_Images",
) -> None:
    """Layout (i); of the two lists, the one for validation has no header in the download."""
    for face in faces:
        _write(root / images / face.listed_path, face.colour_jpeg())
    folder = root / "Manually_Annotated_file_lists"
    folder.mkdir(parents=True, exist_ok=True)
    for usage, part in (("training", "train"), ("validation", "test")):
        with (folder / f"{usage}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            if usage in headers:
                writer.writerow(columns)
            writer.writerows(list_row(face) for face in faces if face.part == part)


def write_arrays(
    root: Path,
    faces: Collection[AffectNetFace],
    *,
    as_strings: bool = True,
    kinds: Collection[str] = ("lnd", "val", "aro"),
    suffix: str = ".jpg",
) -> None:
    """Layout (ii), whose numbers are saved as strings."""
    for face in faces:
        folder = root / ("train_set" if face.part == "train" else "val_set")
        _write(folder / "images" / f"{face.number}{suffix}", face.colour_jpeg())
        (folder / "annotations").mkdir(exist_ok=True)
        label = IDS[face.emotion]
        arrays = {
            "exp": np.array(str(label) if as_strings else label),
            "val": np.array(str(face.valence) if as_strings else face.valence),
            "aro": np.array(str(face.arousal) if as_strings else face.arousal),
            "lnd": face.landmarks().ravel(),
        }
        for kind in ("exp", *kinds):
            np.save(folder / "annotations" / f"{face.number}_{kind}.npy", arrays[kind])


def write_repack(
    root: Path,
    faces: Collection[AffectNetFace],
    *,
    folders: bool = False,
    header: str = ",pth,label,relFCs",
    suffix: str = ".jpg",
) -> None:
    """Layout (iii): every third image lies in another category's folder than its label.

    With `folders`, below Train and Test, with one csv above both.
    """
    rows = [header]
    for row, face in enumerate(faces):
        word = WORDS[face.emotion]
        path = f"{'fear' if row % 3 == 0 else word}/image{face.number:07d}{suffix}"
        above = root / face.part.title() if folders else root
        _write(above / path, face.colour_jpeg())
        rows.append(f"{row},{path},{word},0.87{row:04d}")
    (root / "labels.csv").write_text("\n".join(rows) + "\n")


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
