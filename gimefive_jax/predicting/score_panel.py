"""The words beside a face: its number and category, and a bar for the score of each category."""

import dataclasses
import functools

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw

from gimefive_jax.plots import font

ACCENT = (255, 193, 7)
_WORD, _BAR, _OTHER_BAR = (255, 255, 255), (176, 176, 176), (88, 88, 88)
_LINE, _BAR_WIDTH, _MARGIN = 1.3, 4.0, 0.4  # times the size of the letters


@dataclasses.dataclass(frozen=True)
class ScorePanel:
    """What stands beside one face.

    Args:
      title: Its first line.
      emotions: Names of the categories; empty shows the title alone.
      probabilities: Their scores, from 0 to 1.
      letters: Height of the letters, in pixels.
    """

    title: str
    emotions: tuple[str, ...]
    probabilities: Float[np.ndarray, " emotion"]
    letters: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        margin, line = round(_MARGIN * self.letters), round(_LINE * self.letters)
        width = _text(self.title, self.letters).width
        if self.emotions:
            names, bar, share = self._columns
            width = max(width, names + bar + share + 2 * margin)
        return width + 2 * margin, line * (1 + len(self.emotions)) + margin

    def fits(self, frame: tuple[int, int]) -> bool:
        """Tells whether a picture of that width and height has room for it."""
        width, height = self.size
        return width <= frame[0] and height <= frame[1]

    @property
    def _columns(self) -> tuple[int, int, int]:
        """Widths of names, bars and numbers."""
        names = max(_text(name, self.letters).width for name in self.emotions)
        return names, round(_BAR_WIDTH * self.letters), _text(percent(1), self.letters).width

    def draw_on(self, ground: Image.Image) -> Image.Image:
        """Draws the panel over a part of a picture, which it darkens.

        Args:
          ground: That part, in mode RGB, as large as the panel.

        Returns:
          The same image.
        """
        ground.paste(_ground(ground.size), (0, 0), _shade(ground.size))
        margin, line = round(_MARGIN * self.letters), round(_LINE * self.letters)
        draw = ImageDraw.Draw(ground)
        _write(ground, (margin, margin // 2), self.title, self.letters, ACCENT)
        if not self.emotions:
            return ground
        names, bar, share_width = self._columns
        left = 2 * margin + names
        best = int(np.argmax(self.probabilities))
        for row, (name, share) in enumerate(zip(self.emotions, self.probabilities, strict=True)):
            y = margin // 2 + line * (row + 1)
            colour = ACCENT if row == best else _BAR
            _write(ground, (margin, y), name, self.letters, _WORD)
            top, bottom = y + line // 4, y + line - line // 4
            draw.rectangle((left, top, left + bar, bottom), fill=_OTHER_BAR)
            draw.rectangle((left, top, left + round(float(share) * bar), bottom), fill=colour)
            right = left + bar + margin + share_width
            shown = _text(percent(share), self.letters)
            ground.paste(_WORD, (right - shown.width, y), shown)
        return ground


def percent(share: float | np.floating) -> str:
    """Writes a share from 0 to 1 as a whole percentage, such as `92 %`."""
    return f"{100 * float(share):.0f} %"


@functools.lru_cache(maxsize=2048)
def _text(words: str, letters: int) -> Image.Image:
    """Words as a mask; as high as a line of them."""
    drawn = font(letters)
    width = max(1, round(drawn.getlength(words)))
    mask = Image.new("L", (width, round(_LINE * letters)), 0)
    ImageDraw.Draw(mask).text((0, 0), words, fill=255, font=drawn)
    return mask


def _write(
    ground: Image.Image,
    place: tuple[int, int],
    words: str,
    letters: int,
    colour: tuple[int, int, int],
) -> None:
    ground.paste(colour, place, _text(words, letters))


@functools.lru_cache(maxsize=64)
def _shade(size: tuple[int, int]) -> Image.Image:
    return Image.new("L", size, 184)


@functools.lru_cache(maxsize=64)
def _ground(size: tuple[int, int]) -> Image.Image:
    return Image.new("RGB", size, (16, 16, 16))
