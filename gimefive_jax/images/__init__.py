"""From image files, PIL images and arrays to pixels. PIL is the truth for decoding and resizing."""

from gimefive_jax.images.box import Box
from gimefive_jax.images.decoding import decode, read
from gimefive_jax.images.formats import FORMATS, SUFFIXES, holds_picture
from gimefive_jax.images.given import ImageLike, Images, open_images
from gimefive_jax.images.modes import grey_or_rgb
from gimefive_jax.images.pixels import (
    Fit,
    encode_jpeg,
    encode_png,
    hash_pixels,
    to_pixel_points,
    to_pixels,
)

__all__ = [
    "FORMATS",
    "SUFFIXES",
    "Box",
    "Fit",
    "ImageLike",
    "Images",
    "decode",
    "encode_jpeg",
    "encode_png",
    "grey_or_rgb",
    "hash_pixels",
    "holds_picture",
    "open_images",
    "read",
    "to_pixel_points",
    "to_pixels",
]
