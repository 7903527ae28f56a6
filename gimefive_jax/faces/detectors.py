"""What finds faces in images, by name."""

from collections.abc import Sequence
from typing import Literal, get_args

from gimefive_jax.errors import InputError
from gimefive_jax.faces.finding import make_blazeface
from gimefive_jax.faces.found import AnyImage, FaceBox, FaceDetector, FoundFace
from gimefive_jax.faces.haar import HaarDetector
from gimefive_jax.faces.litert import make_litert

DetectorName = Literal["blazeface", "litert", "haar", "none"]
WITH_TILES = ("blazeface", "litert")
"""Detectors that cost less where small faces are not looked for."""


def make_detector(
    name: str = "blazeface",
    *,
    min_score: float = 0.5,
    max_faces: int = 32,
    tiles: bool = True,
) -> FaceDetector:
    """Gives what finds faces in images.

    A function of one's own of the same form serves wherever a detector does.

    Args:
      name: `blazeface` is a small network that runs where the classifier runs; `litert` is the same
        network run by LiteRT, which is faster on a CPU, and runs the face mesh too wherever
        landmarks are looked for on what it finds; `haar` is OpenCV's cascade, as the paper's live
        demonstration uses it; `none` takes each image as one face.
      min_score: Score that a face needs, from 0 to 1.
      max_faces: Of one image, at least 1; the surest are kept.
      tiles: Whether `blazeface` and `litert` look for small faces too, in overlapping tiles of each
        image.

    Returns:
      A function of red, green and blue images of any size, which gives the faces of each, the
      surest first.

    Raises:
      InputError: There is no detector of that name, a number lies outside its range, or the
        package that it needs is missing.

    Example:
      >>> import numpy as np
      >>> find_faces = make_detector("none")
      >>> [[face]] = find_faces([np.zeros((48, 64, 3), np.uint8)])
      >>> face.box, face.score
      (FaceBox(left=0.0, top=0.0, width=64.0, height=48.0), 1.0)
    """
    if not 0 <= min_score <= 1:
        raise InputError(f"min_score {min_score} must be from 0 to 1")
    if max_faces < 1:
        raise InputError(f"max_faces {max_faces} must be at least 1")
    if name == "none":
        return whole_image
    if name == "blazeface":
        return make_blazeface(min_score=min_score, max_faces=max_faces, tiles=tiles)
    if name == "litert":
        return make_litert(min_score=min_score, max_faces=max_faces, tiles=tiles)
    if name == "haar":
        return HaarDetector(min_score=min_score, max_faces=max_faces)
    raise InputError(
        f"no face detector is called '{name}'; there are {', '.join(get_args(DetectorName))}"
    )


def whole_image(
    images: Sequence[AnyImage],
) -> list[tuple[FoundFace, ...]]:
    """Takes each image as one face of score 1."""
    return [
        (FoundFace(FaceBox(0.0, 0.0, float(image.shape[1]), float(image.shape[0])), 1.0),)
        for image in images
    ]
