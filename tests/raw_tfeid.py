"""A miniature download of TFEID: images named after person and category."""

from collections.abc import Mapping
from pathlib import Path

from tests.raw_fer2013 import jpeg, make_pixels

LETTERS = {
    "a": "anger", "c": "contempt", "d": "disgust", "f": "fear", "h": "happiness", "n": "neutral",
    "p": "surprise", "s": "sadness",
}  # fmt: skip
SUBJECTS = ("f02", "f11", "m03")


def make_tfeid_names(*, suffix: str = ".jpg") -> dict[str, int]:
    """Name of each image and the seed of its pixels."""
    names = [f"{subject}_dfh_{letter}x{suffix}" for subject in SUBJECTS for letter in LETTERS]
    return {name: seed for seed, name in enumerate(names)}


def write_tfeid(root: Path, names: Mapping[str, int]) -> None:
    """All images in one folder, with a readme."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "Readme.txt").write_text("Taiwanese Facial Expression Image Database\n")
    for name, seed in names.items():
        (root / name).write_bytes(jpeg(make_pixels(seed)))
