"""Whole pictures of faces: a box for each face whose source says none."""

import dataclasses
from collections.abc import Callable, Iterator

from PIL import Image

from data_prep.records import FaceRecord, SkippedImage, cut_face
from gimefive_jax.images import Box, decode, hash_pixels


@dataclasses.dataclass(frozen=True)
class FaceCropper:
    """What finds the face of a whole picture.

    Args:
      find: From an upright picture in mode L or RGB to the box of its face; None where it shows
        none.
      name: Changes whenever the boxes do: a set that was cropped otherwise is prepared anew.
    """

    find: Callable[[Image.Image], Box | None]
    name: str


def crop_records(
    records: Iterator[FaceRecord | SkippedImage], cropper: FaceCropper
) -> Iterator[FaceRecord | SkippedImage]:
    """Gives every face a box; the files stay as they are.

    Args:
      records: Faces as their source holds them.
      cropper: What finds the face of a picture.

    Yields:
      The same records. One without a box gets that of its face; one in which no face is found is
      an image that cannot be used.
    """
    for record in records:
        if isinstance(record, SkippedImage) or record.box is not None:
            yield record
            continue
        picture = decode(record.image, name=record.file_name)
        found = cropper.find(picture)
        if found is None:
            yield SkippedImage(record.file_name, f"{record.file_name}: no face was found in it")
            continue
        box = found.inside(picture.size)
        face = cut_face(picture, box, name=record.file_name)
        if isinstance(face, SkippedImage):
            yield face
        else:
            yield dataclasses.replace(record, box=box, pixel_sha256=hash_pixels(face))
