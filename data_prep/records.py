"""What every raw-format reader yields: a face with its label, or why it was left out."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np
from PIL import Image

from gimefive_jax.errors import InputError
from gimefive_jax.images import Box, decode, hash_pixels

Part = Literal["train", "test", "whole"]
# Fewer pixels a side show no face; enlarged to the input of a network they would pass for one.
MIN_SIDE = 4


@dataclasses.dataclass(frozen=True)
class FaceRecord:
    """One labelled face as the raw download holds it."""

    image: bytes
    """The original file, never altered."""
    emotion: str
    """One of ours, or a word of the source that no variant holds, such as `contempt`."""
    file_name: str
    source: str
    """Data set that the face comes from, such as `fer2013`."""
    usage: str
    """The source's own word for its part, such as `PublicTest`."""
    part: Part
    """Official part: validation is carved from `train` later, and `test` is left alone.
    `whole` where the source has no parts: then test is carved from it as well."""
    pixel_sha256: str
    """Equal for equal pictures of a face, whatever files they come in."""
    channels: int
    """1 for a grey image, 3 for colour."""
    subject: str = ""
    """Who is shown, in the source's own code; the same person never lies in two splits."""
    box: Box | None = None
    """Where the face is, if the source says so and the image holds more than the face."""
    landmarks: np.ndarray | None = None
    """float32 [point, 2]: x to the right, y down, in pixels of the image."""
    votes: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """How often each category was chosen, where several people were asked."""
    attributes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """What else the source says, such as `gender`, `age` or `action_units`."""
    extras: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    """Further columns that every face of the set has, such as the evidence of a drawn face."""


@dataclasses.dataclass(frozen=True)
class SkippedImage:
    """An image that cannot be read, among others that can."""

    file_name: str
    reason: str
    absent: bool = False
    """Whether it is listed, or labelled, but not in the download: usual where parts are given."""


def make_record(
    image: bytes | SkippedImage,
    *,
    emotion: str,
    file_name: str,
    source: str,
    usage: str,
    part: Part,
    subject: str = "",
    box: Box | None = None,
    landmarks: np.ndarray | None = None,
    votes: Mapping[str, float] = MappingProxyType({}),
    attributes: Mapping[str, str] = MappingProxyType({}),
) -> FaceRecord | SkippedImage:
    """Makes the record of an image file.

    Args:
      image: Its bytes, or why they cannot be had.
      emotion: Category of the face, in our words where it has one.
      file_name: Unique name of the face in its set.
      source: Data set that it comes from.
      usage: The source's own word for its part.
      part: Official part.
      subject: Who is shown.
      box: Where the face is; it is clipped to the image.
      landmarks: `[point, 2]`, x and y in pixels of the image.
      votes: How often each category was chosen.
      attributes: What else the source says.

    Returns:
      The record; or a SkippedImage where the bytes are no whole image, the box holds nothing of
      it, or the face has fewer than `MIN_SIDE` pixels a side.
    """
    if isinstance(image, SkippedImage):
        return image
    try:
        picture = decode(image, name=file_name)
    except InputError as error:
        return SkippedImage(file_name, reason=str(error))
    box = None if box is None else box.inside(picture.size)
    face = cut_face(picture, box, name=file_name)
    if isinstance(face, SkippedImage):
        return face
    return FaceRecord(
        image=image,
        emotion=emotion,
        file_name=file_name,
        source=source,
        usage=usage,
        part=part,
        pixel_sha256=hash_pixels(face),
        channels=1 if picture.mode == "L" else 3,
        subject=subject,
        box=box,
        landmarks=None if landmarks is None else np.asarray(landmarks, np.float32),
        votes=dict(votes),
        attributes=dict(attributes),
    )


def cut_face(picture: Image.Image, box: Box | None, *, name: str) -> Image.Image | SkippedImage:
    """Gives the part of a picture that shows the face, or why it shows none.

    Args:
      picture: Decoded image.
      box: Where the face is, inside the picture; None takes the whole picture.
      name: What the picture is called in the reason.
    """
    if box is not None and (box.width < 1 or box.height < 1):
        return SkippedImage(name, f"{name}: its face box holds nothing of the image")
    face = picture if box is None else box.cut(picture, name=name)
    if min(face.size) < MIN_SIDE:
        size = f"{face.width} x {face.height} pixels"
        return SkippedImage(name, f"{name}: {size} show no face; at least {MIN_SIDE} a side")
    return face
