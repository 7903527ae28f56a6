"""Photos with faces at known places, made of the photo that scikit-image carries."""

import numpy as np
import pytest
from jaxtyping import UInt8
from PIL import Image

from gimefive_jax.faces.found import FaceBox

# Marked by hand, brows to chin and cheek to cheek, in the photo of 512 x 512 pixels.
FACE = FaceBox(174.0, 75.0, 100.0, 125.0)

Photo = UInt8[np.ndarray, "height width 3"]


def astronaut() -> Photo:
    """A portrait in front of a flag and a model of a shuttle."""
    return pytest.importorskip("skimage.data").astronaut()


def moved(box: FaceBox, *, left: float = 0, top: float = 0, scale: float = 1) -> FaceBox:
    """Where a box lies once its photo is scaled and put at a place."""
    return FaceBox(
        left + scale * box.left, top + scale * box.top, scale * box.width, scale * box.height
    )


def on_ground(photo: Photo, size: tuple[int, int], *, left: int, top: int) -> Photo:
    """A photo somewhere on an even grey image of a height and width."""
    ground = np.full((*size, 3), 90, np.uint8)
    ground[top : top + photo.shape[0], left : left + photo.shape[1]] = photo
    return ground


def resized(photo: Photo, scale: float) -> Photo:
    """A photo at another size."""
    size = tuple(round(scale * side) for side in photo.shape[1::-1])
    return np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BILINEAR))
