"""What all pictures with letters share: one way to save a figure, and one font."""

import functools
import importlib.util
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
    # Where matplotlib lies is known without importing it, which takes a third of a second.
    found = importlib.util.find_spec("matplotlib")
    assert found is not None
    assert found.origin is not None
    fonts = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    return ImageFont.truetype(fonts / "DejaVuSans.ttf", size)
