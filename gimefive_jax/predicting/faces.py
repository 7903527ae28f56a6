"""The faces of photos as those of an export."""

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
from gimefive_jax.faces.crops import cut_face
from gimefive_jax.predicting.finding import UnreadableImage
from gimefive_jax.predicting.looking import FaceSearch, LookedAt, read_in_parts

DATA_NAME = "photos"
_FACES_AT_A_TIME = 1024


@dataclasses.dataclass(frozen=True)
class ReadFaces:
    """Photos that were read."""

    faces: ExplainedFaces
    """Named by their files: `photo.jpg#1` with the number that `predict_files` gives the face, and
    `photo.jpg` where the image, or one crop of it, is the face."""
    unreadable: tuple[UnreadableImage, ...]
    """Those that could not be read, which have no row."""
    without_faces: tuple[Path, ...]
    """Photos in which no face was found, which have no row either."""


def read_faces(
    classifier: Classifier, paths: Sequence[Path], *, search: FaceSearch | None = None
) -> ReadFaces:
    """Reads photos as faces that `Classifier.export_explanations` explains.

    Memory does not grow with them: their pixels lie in a temporary file, which ends with them.

    Args:
      classifier: The model that will explain them.
      paths: Image files.
      search: How their faces are come by; by default found where an image may be more than a face.

    Returns:
      The faces, without labels, and what could not be read.

    Raises:
      InputError: None of the files can be read, or none holds a face.

    Example:
      >>> import gimefive_jax
      >>> from PIL import Image
      >>> Image.new("L", (64, 64), 128).save("face.png")
      >>> classifier = gimefive_jax.load("small")
      >>> read = read_faces(classifier, [Path("face.png"), Path("missing.png")])
      >>> len(read.faces), [str(one.path) for one in read.unreadable]
      (1, ['missing.png'])
    """
    data = classifier.config.data
    names, unreadable, without = list[str](), list[UnreadableImage](), list[Path]()
    with tempfile.TemporaryFile() as file:
        parts = read_in_parts(paths, search or FaceSearch(), fit=data.fit)
        for one in (one for part in parts for one in part):
            if isinstance(one, UnreadableImage):
                unreadable.append(one)
                continue
            if not one.faces:
                without.append(one.path)
            names += _names(one)
            for face in one.faces:
                file.write(cut_face(face.image, face.crop, data.image_size).tobytes())
        if not names:
            _refuse(unreadable, without)
        file.flush()
        shape = (len(names), data.image_size, data.image_size, 3)
        pixels = np.memmap(file, np.uint8, "r", shape=shape)
    faces = ExplainedFaces(
        data_name=DATA_NAME,
        name="",
        images=pixels,
        labels=None,
        # A file name may hold bytes that are no text, which no table takes.
        file_names=FileNames(np.array([name.encode("utf-8", "replace") for name in names])),
        index=np.arange(len(names)),
        emotions=classifier.emotions,
        digest=_digest(pixels),
    )
    return ReadFaces(faces, tuple(unreadable), tuple(without))


def _names(one: LookedAt) -> list[str]:
    if one.way in ("whole", "crop"):
        return [str(one.path)]
    return [f"{one.path}#{number}" for number in range(1, len(one.faces) + 1)]


def _refuse(unreadable: Sequence[UnreadableImage], without: Sequence[Path]) -> None:
    if without:
        raise InputError(
            f"no face found in {len(without)} images, as {without[0]}; --faces never takes each "
            "image as one face"
        )
    raise InputError(f"none of the {len(unreadable)} images can be read: {unreadable[0].reason}")


def _digest(pixels: UInt8[np.ndarray, "face height width 3"]) -> str:
    found = hashlib.sha256(repr(pixels.shape).encode())
    for start in range(0, len(pixels), _FACES_AT_A_TIME):
        found.update(pixels[start : start + _FACES_AT_A_TIME].tobytes())
    return found.hexdigest()
