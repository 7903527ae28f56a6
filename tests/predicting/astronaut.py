"""Photos made of one photo of a smiling woman, with her face marked by hand."""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from gimefive_jax.faces.found import FaceBox

# In the photo of 512 x 512 pixels: hairline to chin, ear to ear.
FACE = FaceBox(174.0, 75.0, 100.0, 104.0)
_SIDE = 512
_LARGE, _AT, _SCALE = (3840, 2160), (2400, 900), 1.0


def _moved(left: float, top: float, scale: float = 1.0) -> FaceBox:
    return FaceBox(
        left + scale * FACE.left,
        top + scale * FACE.top,
        scale * FACE.width,
        scale * FACE.height,
    )


SCENES: dict[str, list[FaceBox]] = {
    "as_it_is.png": [FACE],
    "small_in_4k.jpg": [_moved(*_AT, _SCALE)],
    "turned.jpg": [FACE],
    "four.jpg": [_moved(x, y) for y in (0, _SIDE) for x in (0, _SIDE)],
    "no_face.jpg": [],
}
"""Boxes of the faces in the upright image, by the name of the file."""


def scenes(
    astronaut: UInt8[np.ndarray, "512 512 3"], no_face: UInt8[np.ndarray, "height width 3"]
) -> dict[str, "Scene"]:
    """The photos by name: at its size, small in a 4K frame, lying with EXIF, four, none.

    Args:
      astronaut: `skimage.data.astronaut()`.
      no_face: A photo without a face, which is the ground of the 4K frame too.
    """
    photo = Image.fromarray(astronaut)
    large = Image.fromarray(no_face).resize(_LARGE, Image.Resampling.BICUBIC)
    side = round(_SIDE * _SCALE)
    large.paste(photo.resize((side, side), Image.Resampling.LANCZOS), _AT)
    four = Image.new("RGB", (2 * _SIDE, 2 * _SIDE))
    for x in (0, _SIDE):
        for y in (0, _SIDE):
            four.paste(photo, (x, y))
    # As a phone held upright stores it: lying, with the turn that makes it upright.
    turned = Scene(photo.transpose(Image.Transpose.ROTATE_90), orientation=6)
    return {
        "as_it_is.png": Scene(photo),
        "small_in_4k.jpg": Scene(large),
        "turned.jpg": turned,
        "four.jpg": Scene(four),
        "no_face.jpg": Scene(Image.fromarray(no_face)),
    }


class Scene:
    """A photo, and how its file says that it is turned."""

    def __init__(self, image: Image.Image, orientation: int = 1) -> None:
        self.image, self.orientation = image, orientation

    def save(self, path: Path) -> None:
        """Writes the file; its name tells the format."""
        exif = Image.Exif()
        exif[0x0112] = self.orientation
        self.image.save(path, quality=95, exif=exif)
