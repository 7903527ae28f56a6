"""The faces of photos, in one call."""

import numpy as np

from gimefive_jax.api import Classifier
from gimefive_jax.faces.detectors import make_detector
from gimefive_jax.faces.found import FaceDetector
from gimefive_jax.images import Images, open_images
from gimefive_jax.predicting.scene import SceneFace, SceneReader


def read_photos(
    classifier: Classifier,
    photos: Images,
    *,
    detector: FaceDetector | None = None,
    one_face: bool = False,
) -> list[tuple[SceneFace, ...]]:
    """Finds the faces of photos, classifies and explains them.

    Args:
      classifier: The model.
      photos: One photo or many: files, PIL images or uint8 arrays in RGB order; see
        `images.open_images`. All are held in memory: for many files `predict_files` is made.
      detector: What finds faces; by default `faces.detectors.make_detector()`.
      one_face: Whether only the largest face of each photo counts.

    Returns:
      For each photo its faces, surest first; none where it has no face.

    Raises:
      InputError: A photo cannot be read.

    Example:
      >>> import gimefive_jax
      >>> from PIL import Image
      >>> classifier = gimefive_jax.load("small")
      >>> [faces] = read_photos(classifier, Image.new("RGB", (320, 240), "grey"))
      >>> len(faces)
      0
    """
    reader = SceneReader(classifier, detector=detector or make_detector(), one_face=one_face)
    opened = open_images(photos)
    return reader.read([np.asarray(photo.convert("RGB")) for photo in opened])
