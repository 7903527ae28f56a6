"""All faces of a prepared set under one numbering, whatever split they lie in."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Int, UInt8

from gimefive_jax.config import DataConfig
from gimefive_jax.data import Originals, PreparedSet, Split, open_split, read_originals

# As they are prepared; index splits are lists of rows of test and would count its faces twice.
_PHYSICAL = ("train", "validation", "test")


@dataclasses.dataclass(frozen=True)
class Faces:
    """Faces of the physical splits one after the other; a face's number counts through them all."""

    splits: tuple[Split, ...]
    originals: tuple[Originals, ...]
    """Of the same splits."""
    split: Int[np.ndarray, " face"]
    """Which of `splits` each face lies in."""
    row: Int[np.ndarray, " face"]
    """Row of each face in its split."""
    label: Int[np.ndarray, " face"]
    pixel_sha256: UInt8[np.ndarray, "face 32"]
    """Of the decoded pixels of the original."""
    file_sha256: UInt8[np.ndarray, "face 32"]
    """Of the original file's bytes."""

    def __len__(self) -> int:
        return len(self.label)

    @property
    def emotions(self) -> tuple[str, ...]:
        """Names of the labels."""
        return self.splits[0].emotions

    def split_name(self, face: int) -> str:
        """Split that `face` lies in."""
        return self.splits[self.split[face]].name

    def file_name(self, face: int) -> str:
        """File that `face` came in."""
        return self.splits[self.split[face]].file_names[int(self.row[face])]

    def emotion(self, face: int) -> str:
        """Category that `face` is labelled with."""
        return self.emotions[self.label[face]]

    def in_test(self, face: int) -> bool:
        """Whether `face` lies in test; train and validation are one part, train."""
        return self.split_name(face) == "test"

    def pixels(
        self, faces: Int[np.ndarray, " some"]
    ) -> UInt8[np.ndarray, "some height width channel"]:
        """Pixels of the given faces, at the size that the set is decoded at."""
        first = self.splits[0].images
        pixels = np.empty((len(faces), *first.shape[1:]), np.uint8)
        for number, split in enumerate(self.splits):
            here = self.split[faces] == number
            pixels[here] = split.images[self.row[faces[here]]]
        return pixels

    def counts(self) -> dict[str, dict[str, int]]:
        """Faces per split and category."""
        return {
            split.name: dict(
                zip(
                    self.emotions,
                    np.bincount(split.labels, minlength=len(self.emotions)).tolist(),
                    strict=True,
                )
            )
            for split in self.splits
        }


def open_faces(prepared: PreparedSet, data: DataConfig) -> Faces:
    """Opens the faces of train, validation and test, as far as the set has them.

    Args:
      prepared: The prepared set.
      data: Names the set and says how a face is decoded.

    Returns:
      Its faces under one numbering.
    """
    names = [name for name in _PHYSICAL if name in prepared.splits]
    splits = tuple(open_split(data, name) for name in names)
    originals = tuple(read_originals(data, name) for name in names)
    return stack_faces(splits, originals)


def stack_faces(splits: Sequence[Split], originals: Sequence[Originals]) -> Faces:
    """Gives the faces of several splits one numbering.

    Args:
      splits: Opened splits; their faces are numbered one split after the other.
      originals: What is known of the original files of the same splits.

    Returns:
      The faces of all of them.
    """
    lengths = [len(split) for split in splits]
    return Faces(
        splits=tuple(splits),
        originals=tuple(originals),
        split=np.repeat(np.arange(len(splits)), lengths),
        row=np.concatenate([np.arange(length) for length in lengths]),
        label=np.concatenate([split.labels for split in splits]),
        pixel_sha256=np.concatenate([split.extras["pixel_sha256"] for split in splits]),
        file_sha256=np.concatenate([original.file_sha256 for original in originals]),
    )


def count_originals(faces: Faces) -> Mapping[tuple[int, int, str, str], int]:
    """Counts the original files by (width, height, mode, format), the most frequent first."""
    counts: dict[tuple[int, int, str, str], int] = {}
    for one in faces.originals:
        rows = zip(one.width.tolist(), one.height.tolist(), one.mode, one.format, strict=True)
        for kind in rows:
            counts[kind] = counts.get(kind, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
