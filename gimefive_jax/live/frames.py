"""From the bytes that a page sent to a frame, within limits."""

import io

import numpy as np
from jaxtyping import UInt8
from PIL.JpegImagePlugin import JpegImageFile

from gimefive_jax import images
from gimefive_jax.errors import InputError

MAX_SIDE = 640
"""Longest side of a frame that the page sends, in pixels."""
MAX_BYTES = 1 << 20
MAX_PIXELS = 1920 * 1080


def decode_frame(data: bytes) -> UInt8[np.ndarray, "height width 3"]:
    """Decodes one JPEG picture; its size is checked before any pixel is decoded.

    Args:
      data: A whole JPEG file of at most `MAX_BYTES` bytes and `MAX_PIXELS` pixels.

    Returns:
      Red, green and blue, uint8 `[height, width, 3]`.

    Raises:
      InputError: It is no JPEG, not whole, or too large.

    Example:
      >>> decode_frame(images.encode_jpeg(np.zeros((48, 64, 3), np.uint8))).shape
      (48, 64, 3)
    """
    if len(data) > MAX_BYTES:
        raise InputError(f"the frame has {len(data)} bytes; send at most {MAX_BYTES}")
    # Whatever else the bytes may be, no other decoder gets to see them.
    if data[:3] != b"\xff\xd8\xff":
        raise InputError("the frame is no JPEG picture; send JPEG")
    width, height = _size(data)
    if width * height > MAX_PIXELS:
        raise InputError(f"the frame has {width} x {height} pixels; send at most {MAX_PIXELS}")
    return np.asarray(images.decode(data, name="the frame").convert("RGB"))


def _size(data: bytes) -> tuple[int, int]:
    try:
        # Not `Image.open`, which prints a warning of large sizes.
        with JpegImageFile(io.BytesIO(data)) as image:
            return image.size
    except (OSError, ValueError, SyntaxError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"the frame cannot be decoded ({reason[:100]}); send JPEG") from error
