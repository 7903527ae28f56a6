"""Bright squares that stand for faces, and a detector of them."""

from collections.abc import Sequence

import numpy as np

from gimefive_jax.faces.found import FaceBox, FoundFace

SIDE = 40


def frame(x: int, y: int, *, width: int = 640, height: int = 480) -> np.ndarray:
    """A frame with one bright square, which stands for a face."""
    image = np.full((height, width, 3), 20, np.uint8)
    image[y : y + SIDE, x : x + SIDE] = (230, 180, 160)
    return image


class SeesSquares:
    """A detector of the bright square, blind where that is less than a share of the image."""

    def __init__(self, smallest: float) -> None:
        self.smallest = smallest
        self.sizes: list[tuple[int, int]] = []

    def __call__(self, images: Sequence[np.ndarray]) -> list[tuple[FoundFace, ...]]:
        return [self._look(image) for image in images]

    def _look(self, image: np.ndarray) -> tuple[FoundFace, ...]:
        self.sizes.append(image.shape[:2])
        rows, columns = np.nonzero(image[..., 0] > 200)
        if not len(rows) or np.ptp(columns) + 1 < self.smallest * max(image.shape[:2]):
            return ()
        left, top = float(columns.min()), float(rows.min())
        points = np.full((6, 2), (left + 1, top + 2), np.float32)
        box = FaceBox(left, top, float(np.ptp(columns) + 1), float(np.ptp(rows) + 1))
        return (FoundFace(box, 0.9, points),)
