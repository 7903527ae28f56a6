"""Where something lies in an image."""

import dataclasses

from PIL import Image

from gimefive_jax.errors import InputError


@dataclasses.dataclass(frozen=True)
class Box:
    """A rectangle in an image, in pixels.

    Example:
      >>> Box.from_corners(10, 20, 60, 90)
      Box(left=10, top=20, width=50, height=70)
    """

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def from_corners(cls, left: int, top: int, right: int, bottom: int) -> "Box":
        """The box whose last column and row lie just before `right` and `bottom`."""
        return cls(left, top, right - left, bottom - top)

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom; the last two lie just outside, as PIL has it."""
        return self.left, self.top, self.left + self.width, self.top + self.height

    def inside(self, size: tuple[int, int]) -> "Box":
        """The part of the box that lies in an image.

        Args:
          size: Width and height of the image.

        Returns:
          A box whose width or height is 0 or less where nothing of it lies inside.
        """
        left, top, right, bottom = self.corners
        width, height = size
        return Box.from_corners(max(0, left), max(0, top), min(width, right), min(height, bottom))

    def cut(self, image: Image.Image, *, name: str = "the image") -> Image.Image:
        """The part of an image that lies in the box.

        Args:
          image: Image to cut from; stays as it is.
          name: What the image is called in an error.

        Returns:
          Image of the box's size, in the image's mode.

        Raises:
          InputError: The box is empty or does not lie inside the image.
        """
        left, top, right, bottom = self.corners
        inside = left >= 0 and top >= 0 and right <= image.width and bottom <= image.height
        if not inside or self.width < 1 or self.height < 1:
            raise InputError(
                f"the crop {left} {top} {self.width} {self.height} (left, top, width, height) must "
                f"lie inside {name}, which is {image.width} x {image.height} pixels"
            )
        return image.crop(self.corners)
