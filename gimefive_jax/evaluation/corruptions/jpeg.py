"""Faces through a JPEG file, on the host: no accelerator encodes them."""

import io

import numpy as np
from jaxtyping import UInt8
from PIL import Image


def jpeg(
    faces: UInt8[np.ndarray, "batch height width channel"], quality: int
) -> UInt8[np.ndarray, "batch height width channel"]:
    """Gives faces as they come back from a JPEG file.

    Args:
      faces: Grey with one channel, or colour with three, `[batch, height, width, channel]`.
      quality: Of PIL's encoder, from 1 to 95.

    Returns:
      Pixels of the same shape.
    """
    return np.stack([_through_file(face, quality) for face in faces])


def _through_file(
    face: UInt8[np.ndarray, "height width channel"], quality: int
) -> UInt8[np.ndarray, "height width channel"]:
    image = Image.fromarray(face[..., 0] if face.shape[-1] == 1 else face)
    file = io.BytesIO()
    image.save(file, format="JPEG", quality=quality)
    return np.asarray(Image.open(file)).reshape(face.shape)
