"""Pixels of images: resized, hashed, encoded."""

import hashlib
import io
from typing import Literal

import numpy as np
from jaxtyping import Float, UInt8
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


def to_pixel_points(
    points: Float[np.ndarray, "point 2"],
    image_size: tuple[int, int],
    size: int,
    *,
    fit: Fit = "squash",
) -> Float[np.ndarray, "point 2"]:
    """Where points of an image lie in its square pixels.

    Args:
      points: x and y in pixels of the image, pixel centres at +0.5.
      image_size: Width and height of the image.
      size: Side of the square, in pixels.
      fit: As for `to_pixels`.

    Returns:
      x and y in pixels of the square; points outside of it stay outside.

    Example:
      >>> to_pixel_points(np.array([[60.0, 50.0]]), (120, 100), 64).tolist()
      [[32.0, 32.0]]
    """
    width, height = image_size
    side = min(image_size)
    if fit == "crop":
        corner = np.array([(width - side) // 2, (height - side) // 2])
        return (points - corner) * (size / side)
    return points * (size / np.array([width, height]))


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
