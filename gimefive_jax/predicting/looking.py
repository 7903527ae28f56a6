"""Where the faces of image files are: found, named by the user, or the whole image."""

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from gimefive_jax.errors import InputError
from gimefive_jax.faces.crops import crop_of
from gimefive_jax.faces.detectors import make_detector
from gimefive_jax.faces.found import FaceBox, FaceDetector, FoundFace
from gimefive_jax.images import Box, Fit
from gimefive_jax.predicting.boxes_file import OwnBoxes
from gimefive_jax.predicting.face_crops import FaceCrop
from gimefive_jax.predicting.finding import UnreadableImage, may_be_a_whole_photo, read_image
from gimefive_jax.predicting.scene import largest

_FILES_AT_A_TIME, _PIXELS_AT_A_TIME = 256, 64_000_000
When = Literal["auto", "always", "never"]
Way = Literal["found", "given", "crop", "whole"]
"""How faces were come by: found by the detector, given by the user as boxes or as one crop of every
image, or the image is the face."""


@dataclasses.dataclass(frozen=True, eq=False)
class LookedAt:
    """An image file and where its faces are."""

    path: Path
    pixels: UInt8[np.ndarray, "height width 3"]
    """Of the upright image."""
    way: Way
    faces: tuple[FaceCrop, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class FaceSearch:
    """How the faces of image files are come by.

    Args:
      when: Whether faces are looked for: `auto` where an image may be more than a face, that is
        where its longer side has more than 256 pixels, or is more than 1.5 times the shorter one.
      detector: What finds them; None takes BlazeFace.
      one_face: Whether only the largest face of each image counts.
      crop: Where the face lies in every image: then none is looked for.
      boxes: Where the faces of each image lie: then none is looked for.
    """

    when: When = "auto"
    detector: FaceDetector | None = None
    one_face: bool = False
    crop: Box | None = None
    boxes: OwnBoxes | None = None

    @functools.cached_property
    def detect(self) -> FaceDetector:
        """What finds the faces; made when it is first needed."""
        return make_detector() if self.detector is None else self.detector

    def look(self, read: Sequence[tuple[Path, Image.Image]], *, fit: Fit) -> list[LookedAt]:
        """Says where the faces of some images are.

        Args:
          read: Path and image of each.
          fit: How an image that is a face becomes a square, as for `images.to_pixels`.

        Returns:
          Each image with its faces.

        Raises:
          InputError: A box of the user lies outside of its image.
        """
        every = [
            (path, np.asarray(image.convert("RGB")), self._way(image.size)) for path, image in read
        ]
        searched = [pixels for _, pixels, way in every if way == "found"]
        found = iter(self.detect(searched) if searched else ())
        looked = []
        for path, pixels, way in every:
            if way in ("whole", "crop"):
                crops: tuple[FaceCrop, ...] = (self._only(pixels, fit),)
            else:
                faces = next(found) if way == "found" else self._given(path, pixels)
                faces = largest(faces) if self.one_face else faces
                crops = tuple(FaceCrop(pixels, face, crop_of(face)) for face in faces)
            looked.append(LookedAt(path, pixels, way, crops))
        return looked

    def _way(self, size: tuple[int, int]) -> Way:
        if self.boxes is not None:
            return "given"
        if self.crop is not None:
            return "crop"
        searched = self.when == "always" or (self.when == "auto" and may_be_a_whole_photo(size))
        return "found" if searched else "whole"

    def _only(self, pixels: UInt8[np.ndarray, "height width 3"], fit: Fit) -> FaceCrop:
        """The one face of an image: what `crop` names, or all of it."""
        height, width, _ = pixels.shape
        place = self.crop or Box(0, 0, width, height)
        side = min(place.width, place.height)
        shown = place
        if fit == "crop":
            left = place.left + (place.width - side) // 2
            shown = Box(left, place.top + (place.height - side) // 2, side, side)
        return FaceCrop(pixels, FoundFace(_face_box(place), 1.0), _face_box(shown))

    def _given(
        self, path: Path, pixels: UInt8[np.ndarray, "height width 3"]
    ) -> tuple[FoundFace, ...]:
        height, width, _ = pixels.shape
        whole = _face_box(Box(0, 0, width, height))
        boxes = () if self.boxes is None else self.boxes.of(path) or ()
        for box in boxes:
            if not box.overlap(whole):
                raise InputError(
                    f"the box {box.left:g} {box.top:g} {box.width:g} {box.height:g} (left, top, "
                    f"width, height) lies outside {path}, which is {width} x {height} pixels; "
                    "mend its row in the file of boxes"
                )
        return tuple(FoundFace(box, 1.0) for box in boxes)


def read_in_parts(
    paths: Sequence[Path], search: FaceSearch, *, fit: Fit
) -> Iterator[list[LookedAt | UnreadableImage]]:
    """Reads image files, as many at a time as memory should hold, and says where their faces are.

    Args:
      paths: Image files.
      search: How their faces are come by.
      fit: As for `FaceSearch.look`.

    Yields:
      Some files at a time, in their order.
    """
    for part in _parts(paths, search.crop):
        good = [one for one in part if not isinstance(one, UnreadableImage)]
        looked = iter(search.look(good, fit=fit))
        yield [one if isinstance(one, UnreadableImage) else next(looked) for one in part]


def _parts(
    paths: Sequence[Path], crop: Box | None
) -> Iterator[list[tuple[Path, Image.Image] | UnreadableImage]]:
    part, num_pixels = list[tuple[Path, Image.Image] | UnreadableImage](), 0
    for path in paths:
        read = read_image(path, crop=crop)
        part.append(read)
        if not isinstance(read, UnreadableImage):
            num_pixels += read[1].width * read[1].height
        if len(part) == _FILES_AT_A_TIME or num_pixels > _PIXELS_AT_A_TIME:
            yield part
            part, num_pixels = [], 0
    if part:
        yield part


def _face_box(box: Box) -> FaceBox:
    return FaceBox(float(box.left), float(box.top), float(box.width), float(box.height))
