"""The square around a found face that a classifier is shown."""

import math

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from gimefive_jax.errors import InputError
from gimefive_jax.faces.found import FaceBox, FoundFace

# Of BlazeFace's box: what FER2013's crops show of a face lies this much higher, over the height of
# the box, and is this much larger than its longer side (medians; docs/faces.md).
CENTRE_UP = 0.083
SCALE = 1.18


def crop_of(face: FoundFace) -> FaceBox:
    """Gives the square to classify a face by: what FER2013's crops show of a face.

    Args:
      face: As a detector found it. A face without keypoints is one of a detector whose boxes are
        such crops already, so its box is only made square.

    Returns:
      A square in pixels of the image, which may reach beyond it.

    Example:
      >>> import numpy as np
      >>> crop_of(FoundFace(FaceBox(10.0, 20.0, 100.0, 100.0), 0.9)).width
      100.0
    """
    box = face.box
    x, y = box.centre
    side = max(box.width, box.height)
    if face.keypoints is not None:
        y -= CENTRE_UP * box.height
        side *= SCALE
    return FaceBox(x - side / 2.0, y - side / 2.0, side, side)


def cut_face(
    image: UInt8[np.ndarray, "height width 3"], crop: FaceBox, side: int
) -> UInt8[np.ndarray, "{side} {side} 3"]:
    """Cuts a square out of an image, resized as PIL's antialiased bilinear filter does it.

    Args:
      image: Red, green and blue.
      crop: The square, in pixels of the image; beyond the image its outermost pixels are repeated.
      side: Of what comes out, in pixels.

    Returns:
      The pixels.

    Raises:
      InputError: The crop has no area, or does not meet the image.

    Example:
      >>> import numpy as np
      >>> cut_face(np.zeros((50, 50, 3), np.uint8), FaceBox(-5.0, 0.0, 20.5, 20.5), 64).shape
      (64, 64, 3)
    """
    height, width = image.shape[:2]
    left, top = math.floor(crop.left), math.floor(crop.top)
    right, bottom = math.ceil(crop.left + crop.width), math.ceil(crop.top + crop.height)
    meets = left < width and top < height and right > 0 and bottom > 0
    if not (crop.width > 0 and crop.height > 0 and meets):
        raise InputError(
            f"the crop {crop.left:g} {crop.top:g} {crop.width:g} {crop.height:g} (left, top, "
            f"width, height) must have an area inside the image, which is {width} x {height} pixels"
        )
    inside = image[max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
    beyond = (
        (max(-top, 0), max(bottom - height, 0)),
        (max(-left, 0), max(right - width, 0)),
        (0, 0),
    )
    part = Image.fromarray(np.pad(inside, beyond, mode="edge"))
    x, y = crop.left - left, crop.top - top
    box = (x, y, min(x + crop.width, part.width), min(y + crop.height, part.height))
    return np.asarray(part.resize((side, side), Image.Resampling.BILINEAR, box))
