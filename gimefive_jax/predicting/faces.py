"""Photos as the faces of an export."""

import dataclasses
import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from gimefive_jax.api import Classifier
from gimefive_jax.data.names import FileNames
from gimefive_jax.errors import InputError
from gimefive_jax.explained.faces import ExplainedFaces
from gimefive_jax.images import Box
from gimefive_jax.predicting.finding import UnreadableImage, may_be_a_whole_photo, read_image

DATA_NAME = "photos"
_FACES_AT_A_TIME = 1024


@dataclasses.dataclass(frozen=True)
class ReadFaces:
    """Photos that were read, each as one face."""

    faces: ExplainedFaces
    unreadable: tuple[UnreadableImage, ...]
    """Those that could not be read, which have no row."""
    whole_photos: tuple[tuple[Path, tuple[int, int]], ...]
    """Path, width and height of what may be more than a face."""


def read_faces(
    classifier: Classifier, paths: Sequence[Path], *, crop: Box | None = None
) -> ReadFaces:
    """Reads photos as faces that `Classifier.export_explanations` explains.

    Memory does not grow with them: their pixels lie in a temporary file, which ends with them.

    Args:
      classifier: The model that will explain them.
      paths: Image files, each taken as one face.
      crop: Where the face lies in every image; None takes the whole image.

    Returns:
      The faces, without labels, and what could not be read.

    Raises:
      InputError: None of them can be read.

    Example:
      >>> import gimefive_jax
      >>> from PIL import Image
      >>> Image.new("L", (64, 64), 128).save("face.png")
      >>> classifier = gimefive_jax.load("small")
      >>> read = read_faces(classifier, [Path("face.png"), Path("missing.png")])
      >>> len(read.faces), [str(one.path) for one in read.unreadable]
      (1, ['missing.png'])
    """
    side = classifier.config.data.image_size
    read, unreadable, whole = list[Path](), list[UnreadableImage](), []
    with tempfile.TemporaryFile() as file:
        for path in paths:
            found = read_image(path, crop)
            if isinstance(found, UnreadableImage):
                unreadable.append(found)
                continue
            _, image = found
            if crop is None and may_be_a_whole_photo(image.size):
                whole.append((path, image.size))
            file.write(classifier.pixels(image).tobytes())
            read.append(path)
        if not read:
            raise InputError(f"none of the {len(paths)} images can be read: {unreadable[0].reason}")
        file.flush()
        pixels = np.memmap(file, np.uint8, "r", shape=(len(read), side, side, 3))
    faces = ExplainedFaces(
        data_name=DATA_NAME,
        name="",
        images=pixels,
        labels=None,
        # A file name may hold bytes that are no text, which no table takes.
        file_names=FileNames(np.array([str(path).encode("utf-8", "replace") for path in read])),
        index=np.arange(len(read)),
        emotions=classifier.emotions,
        digest=_digest(pixels),
    )
    return ReadFaces(faces, tuple(unreadable), tuple(whole))


def _digest(pixels: UInt8[np.ndarray, "face height width 3"]) -> str:
    found = hashlib.sha256(repr(pixels.shape).encode())
    for start in range(0, len(pixels), _FACES_AT_A_TIME):
        found.update(pixels[start : start + _FACES_AT_A_TIME].tobytes())
    return found.hexdigest()
