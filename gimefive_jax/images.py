"""From the bytes of an image file to pixels. PIL is the truth for decoding and resizing."""

import hashlib
import io
import warnings
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from gimefive_jax.errors import InputError

Fit = Literal["squash", "crop"]
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm")
_GREY_MODES = ("1", "L", "LA", "La", "I", "F")


def decode(data: bytes, *, name: str = "image") -> Image.Image:
    """Image in mode L or RGB, upright; raises InputError if the bytes are no whole image."""
    try:
        with warnings.catch_warnings():
            # PIL only warns between one and two times its pixel limit; we refuse there too.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # Broken EXIF or ICC blocks do not concern the pixels.
            warnings.filterwarnings("ignore", category=UserWarning)
            with Image.open(io.BytesIO(data)) as image:
                image.load()
                return grey_or_rgb(ImageOps.exif_transpose(image))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise InputError(f"{name} is too large to decode safely: {error}") from error
    except (OSError, ValueError, SyntaxError, EOFError, TypeError) as error:
        # PIL's own words for an unknown format name a memory address.
        unknown = not data or isinstance(error, UnidentifiedImageError)
        reason = "it holds no known image format" if unknown else " ".join(str(error).split())
        raise InputError(
            f"{name} cannot be decoded as an image ({reason}); replace or remove the file"
        ) from error


def read(path: Path) -> Image.Image:
    """Image file in mode L or RGB; raises InputError naming the file if it cannot be read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    return decode(data, name=str(path))


def to_pixels(image: Image.Image, size: int, *, fit: Fit = "squash") -> UInt8[np.ndarray, "h w c"]:
    """Square pixels of side `size`, one channel for mode L and three for RGB.

    `squash` ignores the aspect ratio as the paper does, `crop` takes the centre square first.
    The resize is PIL's antialiased bilinear one.
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
    """sha256 over mode, size and decoded pixels: equal for equal pictures in different files."""
    header = f"{image.mode} {image.width} {image.height} ".encode()
    return hashlib.sha256(header + image.tobytes()).hexdigest()


def encode_png(pixels: UInt8[np.ndarray, "..."]) -> bytes:
    """Lossless file of uint8 pixels, `[h, w]` grey or `[h, w, 3]` colour."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def grey_or_rgb(image: Image.Image) -> Image.Image:
    """`image` in mode L if it has no colour, else RGB; transparency is dropped, as PIL does."""
    if image.mode.startswith("I;16") or image.mode == "I":
        # PIL would clip 16-bit values at 255; keep the upper eight bits instead.
        values = np.asarray(image).astype(np.int64)
        return Image.fromarray(np.clip(values // 257, 0, 255).astype(np.uint8))
    if image.mode in _GREY_MODES:
        return image.convert("L")
    if image.mode == "P" and "transparency" in image.info:
        # Straight to RGB would print a warning about the palette's transparent entry.
        image = image.convert("RGBA")
    return image.convert("RGB")
