"""Drawn faces, all different, and copies of them as they turn up in data sets."""

import io
from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageEnhance

_BILINEAR = Image.Resampling.BILINEAR


def _compress(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=quality)
    return Image.open(buffer)


def _shift(image: Image.Image, right: int, down: int) -> Image.Image:
    matrix = (1, 0, -right, 0, 1, -down)
    return image.transform(image.size, Image.Transform.AFFINE, matrix)


def _crop(image: Image.Image, margin: int) -> Image.Image:
    width, height = image.size
    return image.crop((margin, margin, width - margin, height - margin))


COPIES: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "compressed": lambda image: _compress(image, 60),
    "smaller": lambda image: image.resize((48, 48), _BILINEAR),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.25),
    "flatter": lambda image: ImageEnhance.Contrast(image).enhance(0.7),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "shifted": lambda image: _shift(image, 1, 0),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "cropped": lambda image: _crop(image, 2),
    "mirrored, compressed and cropped": lambda image: _compress(
        _crop(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), 1), 60
    ),
}


def copy(pixels: np.ndarray, kind: str) -> np.ndarray:
    """A copy of a face, at its size."""
    size = (pixels.shape[1], pixels.shape[0])
    return np.asarray(COPIES[kind](Image.fromarray(pixels)).resize(size, _BILINEAR))
