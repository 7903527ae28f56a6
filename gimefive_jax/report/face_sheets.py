"""Many small faces as one picture inside a page: thousands of files would be slow and large."""

import base64
import dataclasses
import io

import numpy as np
from jaxtyping import UInt8
from PIL import Image

SIDE = 64
"""Of a face on the sheet, in pixels: whole blocks of JPEG, so that no face colours another."""
COLUMNS = 32
_QUALITY = 78


@dataclasses.dataclass(frozen=True)
class FaceSheet:
    """Faces row by row in one JPEG."""

    picture: str
    """Data URI; empty for no faces."""
    count: int

    @property
    def width(self) -> int:
        """Of the picture, in pixels."""
        return SIDE * COLUMNS


def make_sheet(faces: UInt8[np.ndarray, "face height width channel"]) -> FaceSheet:
    """Puts faces on a sheet.

    Args:
      faces: Grey with one channel, or colour with three.

    Returns:
      The sheet, grey where the faces are.
    """
    if not len(faces):
        return FaceSheet("", 0)
    mode = "L" if faces.shape[-1] == 1 else "RGB"
    rows = -(-len(faces) // COLUMNS)
    sheet = Image.new(mode, (SIDE * COLUMNS, SIDE * rows))
    for number, face in enumerate(faces):
        image = Image.fromarray(face[..., 0] if mode == "L" else face)
        if image.size != (SIDE, SIDE):
            image = image.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        sheet.paste(image, corner(number))
    file = io.BytesIO()
    sheet.save(file, format="JPEG", quality=_QUALITY, optimize=True)
    encoded = base64.b64encode(file.getvalue()).decode()
    return FaceSheet(f"data:image/jpeg;base64,{encoded}", len(faces))


def corner(number: int) -> tuple[int, int]:
    """Gives the left and upper pixel of a face on its sheet.

    Args:
      number: Of the face, from 0.
    """
    row, column = divmod(number, COLUMNS)
    return SIDE * column, SIDE * row
