"""What every raw-format reader yields: a face with its label, or why it was left out."""

import dataclasses
from collections.abc import Mapping
from typing import Literal

import numpy as np

from gimefive_jax.errors import InputError
from gimefive_jax.images import decode, hash_pixels

Part = Literal["train", "test"]


@dataclasses.dataclass(frozen=True)
class FaceRecord:
    """One labelled face as the raw download holds it."""

    image: bytes
    """The original file, never altered."""
    emotion: str
    file_name: str
    source: str
    """Data set that the face comes from, such as `fer2013`."""
    usage: str
    """The source's own word for its part, such as `PublicTest`."""
    part: Part
    """Official part: validation is carved from `train` later, and `test` is left alone."""
    pixel_sha256: str
    """Equal for equal pictures, whatever files they come in."""
    channels: int
    """1 for a grey image, 3 for colour."""
    extras: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    """Further columns, such as the landmarks of a drawn face."""


@dataclasses.dataclass(frozen=True)
class SkippedImage:
    """An image that cannot be read, among others that can."""

    file_name: str
    reason: str


def make_record(
    image: bytes, *, emotion: str, file_name: str, source: str, usage: str, part: Part
) -> FaceRecord | SkippedImage:
    """Record of an image file, or the reason why its bytes are no whole image."""
    try:
        picture = decode(image, name=file_name)
    except InputError as error:
        return SkippedImage(file_name, reason=str(error))
    return FaceRecord(
        image=image,
        emotion=emotion,
        file_name=file_name,
        source=source,
        usage=usage,
        part=part,
        pixel_sha256=hash_pixels(picture),
        channels=1 if picture.mode == "L" else 3,
    )
