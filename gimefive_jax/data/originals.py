"""Sizes, modes and digests of the original files of a split; nothing is decoded."""

import dataclasses
import hashlib
import io

import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image

from gimefive_jax.config import DataConfig
from gimefive_jax.data.prepared import find_prepared
from gimefive_jax.data.records import SplitReader


@dataclasses.dataclass(frozen=True)
class Originals:
    """The original file of every row of a physical split, in order."""

    width: Int[np.ndarray, " face"]
    height: Int[np.ndarray, " face"]
    mode: tuple[str, ...]
    """PIL's word: `L` is grey, `RGB` colour, `I;16` grey of 16 bits."""
    format: tuple[str, ...]
    """Such as `JPEG`."""
    file_sha256: UInt8[np.ndarray, "face 32"]
    """Of the file's bytes: unlike `pixel_sha256`, other for the same picture compressed anew."""


def read_originals(data: DataConfig, split: str) -> Originals:
    """Reads headers and hashes of the files behind a split.

    Args:
      data: Which data set.
      split: One of its physical splits.

    Returns:
      A row per face, in order; nothing is decoded.

    Raises:
      InputError: If the set is not prepared or its records are damaged.
    """
    prepared = find_prepared(data)
    size: list[tuple[int, int]] = []
    mode: list[str] = []
    kind: list[str] = []
    digests: list[bytes] = []
    for records in SplitReader(prepared, split, data).records():
        for record in records:
            digests.append(hashlib.sha256(record["image"]).digest())
            with Image.open(io.BytesIO(record["image"])) as image:
                size.append(image.size)
                mode.append(image.mode)
                kind.append(image.format or "unknown")
    width, height = np.array(size, np.int32).reshape(-1, 2).T
    return Originals(
        width=width,
        height=height,
        mode=tuple(mode),
        format=tuple(kind),
        file_sha256=np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32),
    )
