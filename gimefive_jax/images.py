"""From the bytes of an image file to pixels. PIL is the truth for decoding and resizing."""

import hashlib
import io
import math
import struct
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float64, UInt8
from PIL import ExifTags, Image, UnidentifiedImageError

from gimefive_jax.errors import InputError

Fit = Literal["squash", "crop"]
Face = str | Path | Image.Image | np.ndarray
"""What can be shown to a model: a file, an image, or uint8 `[h, w]`, `[h, w, 1]`, `[h, w, 3]`."""
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm")
# PIL would try some that nobody keeps faces in: for PostScript it starts another program.
_FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF", "PPM")
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_GREY_MODES = ("1", "L", "LA")


def decode(data: bytes, *, name: str = "image") -> Image.Image:
    """Image in mode L or RGB, upright; raises InputError if the bytes are no whole image."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            # PIL itself only warns between one and two times its limit. (Its warning is not made an
            # error here: filters are the process's, and images are decoded in several threads.)
            if image.width * image.height > (Image.MAX_IMAGE_PIXELS or math.inf):
                raise Image.DecompressionBombError(f"{image.width} x {image.height} pixels")
            image.load()
            return grey_or_rgb(_upright(image))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise InputError(f"{name} is too large to decode safely: {error}") from error
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, struct.error) as error:
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


def open_face(face: Face) -> Image.Image:
    """Image in mode L or RGB; raises InputError for a file or an array that is none."""
    if isinstance(face, str | Path):
        return read(Path(face))
    if isinstance(face, np.ndarray):
        if face.dtype != np.uint8 or face.ndim not in (2, 3):
            raise InputError(f"an array face must be uint8 [h, w] or [h, w, c], not {face.dtype}")
        face = Image.fromarray(face[..., 0] if face.shape[2:] == (1,) else face)
    return grey_or_rgb(face)


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


def cut(image: Image.Image, box: tuple[int, int, int, int], *, name: str) -> Image.Image:
    """Part of `image` at (left, top, width, height); InputError unless it lies inside."""
    left, top, width, height = box
    inside = left >= 0 and top >= 0 and left + width <= image.width and top + height <= image.height
    if not inside or width < 1 or height < 1:
        raise InputError(
            f"the crop {left} {top} {width} {height} (left, top, width, height) must lie inside "
            f"{name}, which is {image.width} x {image.height} pixels"
        )
    return image.crop((left, top, left + width, top + height))


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
    if image.mode.startswith("I;16"):
        # PIL would clip 16-bit values at 255; keep the upper eight bits instead.
        return Image.fromarray((np.asarray(image) // 257).astype(np.uint8))
    if image.mode in ("I", "F"):
        return Image.fromarray(_eight_bits(np.asarray(image, np.float64)))
    if image.mode == "La":
        image = image.convert("LA")
    if image.mode in _GREY_MODES:
        return image.convert("L")
    if image.mode == "P" and "transparency" in image.info:
        # Straight to RGB would print a warning about the palette's transparent entry.
        image = image.convert("RGBA")
    return image.convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    # PIL's own function also writes the camera's other notes anew, and fails if one is malformed.
    turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    return image if turn is None else image.transpose(turn)


def _eight_bits(values: Float64[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Values of a format without a range of its own: shares, 8 bits or 16 bits, by their peak."""
    peak = values.max()
    if not np.isfinite(values).all() or values.min() < 0 or peak > 65535:
        raise ValueError("its values lie outside 0 to 1, 0 to 255 and 0 to 65535")
    factor = 255.0 if peak <= 1 else 1.0 if peak <= 255 else 1 / 257
    return (values * factor).astype(np.uint8)
