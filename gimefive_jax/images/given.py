"""Takes the images that a user of the Python API gives: one or many, in any usual form."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from PIL import Image

from gimefive_jax.errors import InputError
from gimefive_jax.images.decoding import read, upright


@runtime_checkable
class ArrayLike(Protocol):
    """An array of any library: numpy, jax, torch on the processor."""

    def __array__(self) -> np.ndarray:
        """The same values for numpy."""


ImageLike = str | Path | Image.Image | ArrayLike
"""One image: a file, a PIL image, or a uint8 array `[h, w]`, `[h, w, 1]` or, in the order red,
green, blue, `[h, w, 3]`."""
Images = ImageLike | Iterable[ImageLike]
"""One image, several of them, or a uint8 array `[n, h, w, 1]` or `[n, h, w, 3]`."""
_FORMS = "give files, PIL images or uint8 arrays [h, w], [h, w, 1] or [h, w, 3] (RGB)"


def open_images(given: Images | object) -> Iterator[Image.Image]:
    """Opens one image or many.

    Args:
      given: A file's path, a PIL image, an array, or a list, tuple or generator of those. Arrays
        are uint8: `[h, w]` or `[h, w, 1]` grey and `[h, w, 3]` in the order red, green, blue for
        one image, `[n, h, w, 1]` and `[n, h, w, 3]` for many. An array of three axes is always one
        image.

    Yields:
      Each image upright (as its EXIF orientation says, of files and PIL images alike), in mode L
      or RGB, without transparency.

    Raises:
      InputError: Something is no image, or nothing is given.

    Example:
      >>> [image.size for image in open_images(np.zeros((48, 40, 3), np.uint8))]
      [(40, 48)]
    """
    if _is_one(given):
        yield from _open(given, "the image")
        return
    if not isinstance(given, Iterable) or isinstance(given, Mapping):
        raise InputError(f"{_kind(given)} is no image; {_FORMS}")
    number = -1
    for number, one in enumerate(given):
        if not _is_one(one):
            raise InputError(f"image {number} is {_kind(one)}, which is no image; {_FORMS}")
        images = list(_open(one, f"image {number}"))
        if len(images) != 1:
            raise InputError(
                f"image {number} is an array of {len(images)} images; give it alone, or one image "
                "each"
            )
        yield images[0]
    if number < 0:
        raise InputError("no images given")


def _is_one(given: object) -> bool:
    """Whether `given` is no collection; an array of many counts as one array."""
    if isinstance(given, bytes | bytearray | memoryview):
        raise InputError(
            "bytes are no image; give the file's path, or PIL.Image.open(io.BytesIO(data))"
        )
    if isinstance(given, np.ndarray) and given.dtype.kind in "OU" and given.ndim == 1:
        # An array of paths or of images is a list of them.
        return False
    return isinstance(given, str | Path | Image.Image) or hasattr(given, "__array__")


def _open(given: object, name: str) -> Iterator[Image.Image]:
    if isinstance(given, str | Path):
        yield read(Path(given))
    elif isinstance(given, Image.Image):
        yield _from_pil(given, name)
    else:
        yield from map(Image.fromarray, _from_array(given, name))


def _from_pil(image: Image.Image, name: str) -> Image.Image:
    file = getattr(image, "filename", "")
    name = f"{name} ({file})" if file else name
    if not image.width or not image.height:
        raise InputError(f"{name} has no pixels ({image.width} x {image.height})")
    try:
        # Before its orientation is asked for: of some formats that stands behind the pixels.
        image.load()
        return upright(image, name=name)
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{name} cannot be read ({reason}); open its file again, or give its path"
        ) from error


def _from_array(given: object, name: str) -> Iterator[np.ndarray]:
    """uint8 arrays `[h, w]` or `[h, w, 3]`."""
    try:
        array = np.asarray(given)
    # Whatever a library raises for an array that lies elsewhere or was deleted.
    except Exception as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{name} cannot be made a numpy array: {reason[:200]}") from error
    shape = f"{array.dtype} [{', '.join(map(str, array.shape))}]"
    if array.dtype != np.uint8:
        raise InputError(f"{name} is {shape}, but images are uint8; {_cast(array)}")
    if mend := _wrong_shape(array):
        raise InputError(f"{name} is {shape}; {mend}")
    if 0 in array.shape:
        raise InputError(f"{name} has no pixels: {shape}")
    for one in array if array.ndim == 4 else array[None]:
        yield np.ascontiguousarray(one[..., 0] if one.shape[2:] == (1,) else one)


def _cast(array: np.ndarray) -> str:
    if array.dtype.kind == "f":
        return "values from 0 to 1: give (255 * array).round().astype('uint8')"
    if array.dtype == bool:
        return "give 255 * array.astype('uint8')"
    if array.dtype.kind in "iu":
        return "values from 0 to 255: give array.astype('uint8')"
    return _FORMS


def _wrong_shape(array: np.ndarray) -> str:
    """What to do about a shape that no image has; empty where it is one."""
    if array.ndim == 2 or (array.ndim in (3, 4) and array.shape[-1] in (1, 3)):
        return ""
    if array.ndim == 3 and array.shape[-1] in (2, 4):
        return "for transparency give PIL.Image.fromarray(array), else leave its last channel out"
    if array.ndim == 4 and array.shape[1] in (1, 3):
        return "channels come last: give array.transpose(0, 2, 3, 1)"
    if array.ndim == 3 and array.shape[0] == 3:
        return "channels come last: give array.transpose(1, 2, 0)"
    if array.ndim == 3:
        return (
            "three axes are one image [h, w, 1] or [h, w, 3]; for many grey ones give array[..., "
            "None], which is [n, h, w, 1]"
        )
    return _FORMS


def _kind(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
