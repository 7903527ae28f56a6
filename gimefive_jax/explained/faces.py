"""The faces of an export: of a prepared split, or photos."""

import dataclasses
import hashlib

import numpy as np
from jaxtyping import Int, UInt8

from gimefive_jax.data import Split
from gimefive_jax.data.names import FileNames


@dataclasses.dataclass(frozen=True)
class ExplainedFaces:
    """Faces with what the manifest says of them."""

    data_name: str
    """Data set and variant, such as `fer2013/six`; `photos` for files."""
    name: str
    """Of the split; empty for photos."""
    images: UInt8[np.ndarray, "face height width channel"]
    """In memory or mapped from disk."""
    labels: Int[np.ndarray, " face"] | None
    """None where nobody has said what the faces show."""
    file_names: FileNames
    index: Int[np.ndarray, " face"]
    """Row of each face in the whole split."""
    emotions: tuple[str, ...]
    """Names of the labels, in their order."""
    digest: str
    """sha256 of exactly these pixels and labels."""

    def __len__(self) -> int:
        return len(self.images)

    @classmethod
    def of(cls, split: Split) -> "ExplainedFaces":
        """Takes the faces of a prepared split."""
        return cls(
            data_name=split.data_name,
            name=split.name,
            images=split.images,
            labels=split.labels,
            file_names=split.file_names,
            index=split.index,
            emotions=split.emotions,
            digest=split.digest,
        )

    @property
    def names_sha256(self) -> str:
        """Over file names and rows, which the manifest repeats."""
        found = hashlib.sha256(np.asarray(self.index, "<i8").tobytes())
        for name in self.file_names:
            found.update(name.encode("utf-8", "surrogateescape") + b"\0")
        return found.hexdigest()
