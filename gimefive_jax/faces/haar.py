"""Faces by OpenCV's Haar cascade, as the paper's live demonstration finds them."""

from collections.abc import Sequence
from types import ModuleType

import numpy as np

from gimefive_jax.errors import missing_extra
from gimefive_jax.faces.found import AnyImage, FaceBox, FoundFace

# The settings of the demonstration; the smallest face in pixels.
_SCALE_FACTOR, _MIN_NEIGHBOURS, _SMALLEST = 1.1, 5, (40, 40)
_CASCADE = "haarcascade_frontalface_default.xml"


class HaarDetector:
    """Finds upright faces seen from the front; a `FaceDetector`.

    The cascade gives no probability. The score is the logistic function of its last stage's margin.

    Args:
      min_score: Score that a face needs, from 0 to 1.
      max_faces: Of one image; the surest are kept.

    References:
      Viola and Jones, 2001, https://doi.org/10.1109/CVPR.2001.990517
    """

    def __init__(self, *, min_score: float, max_faces: int):
        opencv = _opencv()
        self._grey = lambda image: opencv.cvtColor(image, opencv.COLOR_RGB2GRAY)
        self._cascade = opencv.CascadeClassifier(opencv.data.haarcascades + _CASCADE)
        self._min_score, self._max_faces = min_score, max_faces

    def __call__(self, images: Sequence[AnyImage]) -> list[tuple[FoundFace, ...]]:
        """Gives the faces of each image, highest score first."""
        return [self._find(image) for image in images]

    def _find(self, image: AnyImage) -> tuple[FoundFace, ...]:
        boxes, _, margins = self._cascade.detectMultiScale3(
            self._grey(np.ascontiguousarray(image)),
            _SCALE_FACTOR,
            _MIN_NEIGHBOURS,
            minSize=_SMALLEST,
            outputRejectLevels=True,
        )
        scores = 1 / (1 + np.exp(-np.asarray(margins, np.float64)))
        found = [
            FoundFace(FaceBox(*map(float, box)), float(score))
            for box, score in zip(boxes, scores, strict=True)
            if score >= self._min_score
        ]
        found.sort(key=lambda face: -face.score)
        return tuple(found[: self._max_faces])


def _opencv() -> ModuleType:
    try:
        import cv2
    except ImportError as error:
        raise missing_extra("the Haar detector", "OpenCV", "faces") from error
    return cv2
