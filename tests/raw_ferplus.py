"""FER+'s table of votes for miniature FER2013 faces, in its exact shape."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.raw_fer2013 import RawFace

HEADER = (
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
)
COLUMNS = (
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt",
    "unknown", "not a face",
)  # fmt: skip


def write_ferplus(
    path: Path, faces: Sequence[RawFace], *, votes: Mapping[int, Mapping[str, int]] | None = None
) -> Path:
    """Seven votes for each face's own category and three for contempt; `votes` for other rows.

    A row whose votes are all for `not a face` has no image name, and the names do not count it.
    """
    lines = [HEADER]
    named = 0
    for row, face in enumerate(faces):
        counts = (votes or {}).get(row, {face.emotion: 7, "contempt": 3})
        is_face = counts != {"not a face": 10}
        name = f"fer{named:07d}.png" if is_face else ""
        named += is_face
        numbers = ",".join(str(counts.get(column, 0)) for column in COLUMNS)
        lines.append(f"{face.usage},{name},{numbers}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path
