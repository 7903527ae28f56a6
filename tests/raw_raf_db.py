"""Miniature downloads of RAF-DB's basic set: its own layout and the mirror of class folders."""

import dataclasses
from collections.abc import Collection
from pathlib import Path

from tests.raw_fer2013 import jpeg, make_pixels

IDS = {
    "surprise": 1, "fear": 2, "disgust": 3, "happiness": 4, "sadness": 5, "anger": 6, "neutral": 7,
}  # fmt: skip
LANDMARKS = [(30.5, 40.0), (70.0, 41.25), (50.0, 60.0), (35.0, 80.0), (66.0, 80.5)]


@dataclasses.dataclass(frozen=True)
class RafFace:
    stem: str
    emotion: str
    seed: int

    @property
    def part(self) -> str:
        return self.stem.split("_")[0]


def make_raf_faces() -> list[RafFace]:
    """Two train faces per category with five digits, one test face with four."""
    emotions = tuple(IDS)
    train = [RafFace(f"train_{i + 1:05d}", emotions[i % 7], i) for i in range(14)]
    return train + [RafFace(f"test_{i + 1:04d}", emotions[i], 100 + i) for i in range(7)]


def write_basic(
    root: Path,
    faces: Collection[RafFace],
    *,
    images: Collection[str] = ("aligned", "original"),
    annotated: bool = True,
    separator: str = "\t",
    suffix: str = ".jpg",
) -> None:
    """The layout of the download, after `basic/`."""
    for face in faces:
        if "aligned" in images:
            path = root / "Image" / "aligned" / f"{face.stem}_aligned{suffix}"
            _write(path, jpeg(make_pixels(face.seed, side=100)))
        if "original" in images:
            path = root / "Image" / "original" / f"{face.stem}{suffix}"
            _write(path, jpeg(make_pixels(face.seed, side=120)))
        if annotated:
            _write_annotations(root / "Annotation", face, separator)
    lines = [f"{face.stem}.jpg {IDS[face.emotion]}\n" for face in faces]
    _write(root / "EmoLabel" / "list_patition_label.txt", "".join(lines).encode())


def write_mirror(
    root: Path, faces: Collection[RafFace], *, labels: bool = False, suffix: str = ".jpg"
) -> None:
    """`DATASET/train/5/` and its like, with or without the csv of each part beside it."""
    lines: dict[str, list[str]] = {"train": ["image,label\n"], "test": ["image,label\n"]}
    for face in faces:
        label = IDS[face.emotion]
        name = f"{face.stem}_aligned{suffix}"
        _write(root / "DATASET" / face.part / str(label) / name, jpeg(make_pixels(face.seed)))
        lines[face.part].append(f"{name},{label}\n")
    for part, rows in lines.items():
        if labels:
            (root / f"{part}_labels.csv").write_text("".join(rows))


def _write_annotations(folder: Path, face: RafFace, separator: str) -> None:
    points = "".join(f"{x:f}{separator}{y:f}\n" for x, y in LANDMARKS)
    codes = f"{face.seed % 3}\n{face.seed % 3}\n{face.seed % 5}\n"
    _write(folder / "manual" / f"{face.stem}_manu_attri.txt", (points + codes).encode())
    # 37 points that a detector found: not what people noted, and not read.
    found = "".join(f"{i}.5\t{i}.25\n" for i in range(37))
    _write(folder / "auto" / f"{face.stem}_auto_attri.txt", found.encode())
    box = b"10.4 20.6 90.2 110.7 \n"
    _write(folder / "boundingbox" / f"{face.stem}_boundingbox.txt", box)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
