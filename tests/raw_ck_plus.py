"""A miniature download of CK+: sequences of frames, and annotations of their last frames."""

import dataclasses
import io
from collections.abc import Collection
from pathlib import Path

import numpy as np
from PIL import Image

from tests.raw_fer2013 import make_pixels

IDS = {
    "neutral": 0, "anger": 1, "contempt": 2, "disgust": 3, "fear": 4, "happiness": 5, "sadness": 6,
    "surprise": 7,
}  # fmt: skip
UNITS = ((1, 3), (2, 0), (25, 0))


@dataclasses.dataclass(frozen=True)
class Sequence:
    subject: str
    number: int
    num_frames: int
    emotion: str
    """Empty for a sequence without a label."""
    is_colour: bool = False

    def stem(self, frame: int) -> str:
        return f"{self.subject}_{self.number:03d}_{frame:08d}"

    @property
    def peak(self) -> str:
        return self.stem(self.num_frames)

    def landmarks(self) -> np.ndarray:
        grid = np.arange(136, dtype=np.float64).reshape(68, 2)
        return grid + 100 * self.number + 0.25


def make_sequences() -> list[Sequence]:
    """Two people with four labelled sequences each and one unlabelled; colour for one of them."""
    emotions = tuple(IDS)
    return [
        Sequence(subject, i + 1, 3 + i, emotion, is_colour=subject == "S999")
        for person, subject in enumerate(("S005", "S999"))
        for i, emotion in enumerate((*emotions[4 * person : 4 * person + 4], ""))
    ]


def write_ck_plus(
    root: Path,
    sequences: Collection[Sequence],
    *,
    annotations: Collection[str] = ("FACS", "Landmarks"),
    suffix: str = ".png",
) -> None:
    """Frames, an emotion for the labelled sequences, units and landmarks for all."""
    for sequence in sequences:
        folder = Path(sequence.subject, f"{sequence.number:03d}")
        images = root / "cohn-kanade-images" / folder
        for frame in range(1, sequence.num_frames + 1):
            _write(images / f"{sequence.stem(frame)}{suffix}", _png(sequence, frame))
        # A folder without a file stands for an unlabelled sequence.
        emotion = root / "Emotion" / folder
        emotion.mkdir(parents=True)
        if sequence.emotion:
            line = f"   {IDS[sequence.emotion]:.7e}\n"
            _write(emotion / f"{sequence.peak}_emotion.txt", line.encode())
        if "FACS" in annotations:
            lines = "".join(f"   {unit:.7e}   {strength:.7e}\n" for unit, strength in UNITS)
            _write(root / "FACS" / folder / f"{sequence.peak}_facs.txt", lines.encode())
        if "Landmarks" in annotations:
            lines = "".join(f"   {x:.7e}   {y:.7e}\n" for x, y in sequence.landmarks())
            _write(root / "Landmarks" / folder / f"{sequence.peak}_landmarks.txt", lines.encode())


def _png(sequence: Sequence, frame: int) -> bytes:
    grey = make_pixels(sequence.number * 100 + frame, side=64)
    pixels = np.stack([grey, grey[::-1], grey[:, ::-1]], axis=-1) if sequence.is_colour else grey
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
