"""What all pictures with letters share: one way to save a figure, and one font."""

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import ImageFont

from gimefive_jax import files

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_figure(figure: "Figure", path: Path) -> None:
    """Writes a figure as PNG at 120 dots per inch, in one step.

    Args:
      figure: A figure of matplotlib.
      path: What exists there is replaced when the picture is whole.
    """
    with files.replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


@functools.cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans for drawing on PIL images, `size` in pixels.

    matplotlib ships it, so the letters are the same on every machine.
    """
    # Imported here, as in all that a first prediction waits for: it takes a third of a second.
    from matplotlib import get_data_path

    return ImageFont.truetype(Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size)
