"""Faces that were found in images: boxes, keypoints, and what a detector is."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, UInt8


@dataclasses.dataclass(frozen=True)
class FaceBox:
    """An upright rectangle in an image, in pixels; it may reach beyond the image.

    Example:
      >>> FaceBox(0.0, 0.0, 10.0, 10.0).overlap(FaceBox(5.0, 0.0, 10.0, 10.0))
      0.3333333333333333
    """

    left: float
    top: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """Place of the middle: x and y."""
        return self.left + self.width / 2, self.top + self.height / 2

    @property
    def area(self) -> float:
        """In square pixels."""
        return self.width * self.height

    def overlap(self, other: "FaceBox") -> float:
        """Computes the area that both boxes cover over the area that either covers.

        Args:
          other: Another box of the same image.

        Returns:
          From 0, where they do not meet, to 1, where they are the same.
        """
        shared = self.shared_area(other)
        return shared / (self.area + other.area - shared) if shared else 0.0

    def shared_area(self, other: "FaceBox") -> float:
        """Computes the area that both boxes cover.

        Args:
          other: Another box of the same image.

        Returns:
          In square pixels; 0 where they do not meet.
        """
        right = min(self.left + self.width, other.left + other.width)
        bottom = min(self.top + self.height, other.top + other.height)
        width, height = right - max(self.left, other.left), bottom - max(self.top, other.top)
        return max(width, 0.0) * max(height, 0.0)


@dataclasses.dataclass(frozen=True, eq=False)
class FoundFace:
    """A face that a detector found in an image."""

    box: FaceBox
    """Brows to chin and cheek to cheek, as detectors draw it."""
    score: float
    """How sure the detector is, from 0 to 1."""
    keypoints: Float[np.ndarray, "6 2"] | None = None
    """x and y in pixels of the image: right eye, left eye, tip of the nose, mouth, right ear, left
    ear (right and left of the person); None where the detector gives none."""


AnyImage = UInt8[np.ndarray, "_ _ 3"]
"""Red, green and blue of an image; images of one sequence may differ in size."""

FaceDetector = Callable[[Sequence[AnyImage]], list[tuple[FoundFace, ...]]]
"""From images to the faces of each, highest score first."""
