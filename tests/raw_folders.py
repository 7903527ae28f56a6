"""Miniature data sets of no particular origin: a folder per category, or a table of files."""

from collections.abc import Sequence
from pathlib import Path

from tests.raw_fer2013 import EMOTIONS, jpeg, make_pixels


def write_emotion_folders(
    root: Path, *, parts: Sequence[str] = (), names: Sequence[str] = EMOTIONS, per_folder: int = 2
) -> int:
    """`<part>/<name>/<n>.jpg`, or `<name>/<n>.jpg` without parts; gives the number of images."""
    seed = 0
    for part in parts or ("",):
        for name in names:
            folder = root / part / name
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(per_folder):
                (folder / f"{number}.jpg").write_bytes(jpeg(make_pixels(seed)))
                seed += 1
    return seed


def write_table(path: Path, lines: Sequence[str], *, num_images: int = 14) -> None:
    """`path` with `lines`, and `images/0.jpg` and so on beside it."""
    folder = path.parent / "images"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    for number in range(num_images):
        (folder / f"{number}.jpg").write_bytes(jpeg(make_pixels(number)))
