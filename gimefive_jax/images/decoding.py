"""From the bytes of an image file to an upright image in grey or colour."""

import contextlib
import io
import math
import stat
import struct
from collections.abc import Iterator
from pathlib import Path

from PIL import ExifTags, Image, UnidentifiedImageError

from gimefive_jax.errors import InputError
from gimefive_jax.files import is_descriptor
from gimefive_jax.images.formats import FORMATS, HEAD_BYTES, PIL_FORMATS, is_heic
from gimefive_jax.images.modes import grey_or_rgb

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(data: bytes, *, name: str = "image") -> Image.Image:
    """Image of a file's bytes, upright, in mode L or RGB.

    Args:
      data: The whole file, in one of `FORMATS`, which its content tells.
      name: What the image is called in an error or a warning.

    Returns:
      The first picture of the file; what is transparent lies on mid grey.

    Raises:
      InputError: The bytes are no whole image, too large a one, or HEIC without `pillow-heif`.
    """
    with _errors_named(name, data), _open(data, name) as image:
        # PIL itself only warns between one and two times its limit. (Its warning is not made an
        # error here: filters are the process's, and images are decoded in several threads.)
        if image.width * image.height > (Image.MAX_IMAGE_PIXELS or math.inf):
            raise Image.DecompressionBombError(f"{image.width} x {image.height} pixels")
        image.load()
        return upright(image, name=name)


def read(path: Path) -> Image.Image:
    """Image of a file, upright, in mode L or RGB; see `decode`.

    Args:
      path: A regular file, or an open descriptor such as `/dev/stdin` that a picture comes from.

    Returns:
      The image.

    Raises:
      InputError: The file cannot be read, or is no image.
    """
    if "\0" in str(path):
        raise InputError(f"{str(path)!r} holds a null character, which no path may; check the path")
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{path} is a folder; give the image files in it")
        # A named pipe may have no writer, a device no end.
        if not (stat.S_ISREG(mode) or (stat.S_ISFIFO(mode) and is_descriptor(path))):
            raise InputError(
                f"{path} is a pipe or a device; save the picture to a file, or send it to "
                "/dev/stdin"
            )
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; check the path") from error
    return decode(data, name=str(path))


def upright(image: Image.Image, *, name: str) -> Image.Image:
    """Image in mode L or RGB, turned as its EXIF orientation says."""
    # PIL's own function also writes the camera's other notes anew, and fails if one is malformed.
    turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    return grey_or_rgb(image if turn is None else image.transpose(turn), name=name)


def _open(data: bytes, name: str) -> Image.Image:
    if not is_heic(data[:HEAD_BYTES]):
        return Image.open(io.BytesIO(data), formats=PIL_FORMATS)
    try:
        import pillow_heif
    except ImportError as error:
        raise InputError(
            f"{name} is a HEIC picture, as phones write them; install gimefive-jax[heic] "
            "(pillow-heif) to read it, or save it as JPEG"
        ) from error
    file = pillow_heif.open_heif(io.BytesIO(data))
    if file.size[0] * file.size[1] > (Image.MAX_IMAGE_PIXELS or math.inf):
        raise Image.DecompressionBombError(f"{file.size[0]} x {file.size[1]} pixels")
    return file.to_pillow()


@contextlib.contextmanager
def _errors_named(name: str, data: bytes) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise InputError(f"{name} is too large to decode safely: {error}") from error
    except (
        OSError, ValueError, SyntaxError, EOFError, TypeError, RuntimeError, struct.error,
    ) as error:  # fmt: skip
        # PIL's own words for an unknown format name a memory address.
        if not data or isinstance(error, UnidentifiedImageError):
            reason = f"it holds no known image format; those are {', '.join(FORMATS)}"
        else:
            reason = " ".join(str(error).split())
        raise InputError(
            f"{name} cannot be decoded as an image ({reason}); replace or remove the file"
        ) from error
