"""Pixels of images: resized, hashed, encoded."""

import hashlib
import io
from typing import Literal

import numpy as np
from jaxtyping import UInt8
from PIL import Image

Fit = Literal["squash", "crop"]


def to_pixels(image: Image.Image, size: int, *, fit: Fit = "squash") -> UInt8[np.ndarray, "h w c"]:
    """Square pixels of an image.

    Args:
      image: Image in mode L or RGB.
      size: Side of the square, in pixels.
      fit: `squash` ignores the aspect ratio as the paper does, `crop` takes the centre square
        first. The resize is PIL's antialiased bilinear one.

    Returns:
      Pixels `[size, size, channel]`: one channel for mode L, three for RGB.
    """
    if fit == "crop":
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BILINEAR)
    pixels = np.asarray(image)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def hash_pixels(image: Image.Image) -> str:
    """Hash of a picture, equal for equal pictures in different files.

    Args:
      image: Decoded image.

    Returns:
      sha256 over mode, size and pixels, as hexadecimal digits.
    """
    header = f"{image.mode} {image.width} {image.height} ".encode()
    return hashlib.sha256(header + image.tobytes()).hexdigest()


def encode_jpeg(pixels: UInt8[np.ndarray, "height width 3"]) -> bytes:
    """Small file of uint8 colour pixels, with a loss that the eye does not see."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG", quality=88)
    return buffer.getvalue()


def encode_png(pixels: UInt8[np.ndarray, "..."]) -> bytes:
    """Bytes of a lossless image file.

    Args:
      pixels: `[height, width]` grey or `[height, width, 3]` in the order red, green, blue.

    Returns:
      The PNG file.
    """
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()
