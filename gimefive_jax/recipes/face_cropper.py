"""What crops whole pictures while a data set is prepared: the detector of `gimefive predict`."""

import numpy as np
from PIL import Image

from data_prep.cropping import FaceCropper
from gimefive_jax.faces.crops import crop_of
from gimefive_jax.faces.detectors import make_detector
from gimefive_jax.faces.network_files import network_sha256
from gimefive_jax.images import Box
from gimefive_jax.predicting.scene import largest

# Raised when the same picture and network give another box.
_VERSION = 1


def make_face_cropper() -> FaceCropper:
    """Gives what finds the largest face of a picture, and the square that is classified of it.

    Returns:
      A cropper for `data_prep.source.Request`.
    """
    detect = make_detector()

    def find(picture: Image.Image) -> Box | None:
        [faces] = detect([np.asarray(picture.convert("RGB"))])
        for face in largest(faces):
            crop = crop_of(face)
            sides = (crop.left, crop.top, crop.left + crop.width, crop.top + crop.height)
            return Box.from_corners(*map(round, sides))
        return None

    return FaceCropper(find, f"blazeface {network_sha256('blazeface')[:16]} v{_VERSION}")
