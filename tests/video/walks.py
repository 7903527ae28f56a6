"""A generated clip: a face that moves, grows, leaves and returns, and two faces that cross."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image, ImageFilter

data = pytest.importorskip("skimage.data", reason="pip install scikit-image")

# Marked by hand in scikit-image's photo of an astronaut: the face, brows to chin.
LEFT, TOP, WIDTH, HEIGHT = 174, 75, 100, 125


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a face is: its centre in pixels of the frame, and its height."""

    x: float
    y: float
    height: float


def face_patch() -> np.ndarray:
    """The astronaut's head, cut so that little beside it is seen."""
    photo = data.astronaut()
    return photo[TOP - 60 : TOP + HEIGHT + 40, LEFT - 50 : LEFT + WIDTH + 50]


def draw(
    places: list[Place], *, width: int, height: int, noise: np.ndarray | None = None
) -> np.ndarray:
    """A frame with the face at each place, the later ones in front."""
    rows, columns = np.mgrid[:height, :width]
    frame = np.stack([90 + 30 * rows / height, 110 + 20 * columns / width, 130 + 0 * rows], -1)
    canvas = Image.fromarray(frame.astype(np.uint8))
    head = Image.fromarray(face_patch())
    for place in places:
        scale = place.height / HEIGHT
        size = (round(head.width * scale), round(head.height * scale))
        # The centre of the face in the patch.
        left = round(place.x - scale * (50 + WIDTH / 2))
        top = round(place.y - scale * (60 + HEIGHT / 2))
        canvas.paste(head.resize(size, Image.Resampling.BILINEAR), (left, top))
    drawn = np.asarray(canvas)
    if noise is None:
        return drawn
    return np.clip(drawn + noise, 0, 255).astype(np.uint8)


def walk(num_frames: int = 150, *, width: int = 640, height: int = 360) -> list[list[Place]]:
    """Two thirds alone: moving, growing, leaving, returning; then another comes and both cross."""
    frames = []
    alone = num_frames * 2 // 3
    for i in range(alone):
        share = i / alone
        if share < 0.5:
            # From small at the left to large at the right, then out.
            x, size = width * (0.2 + 1.8 * max(0.0, share - 0.1)), height * (0.25 + 0.5 * share)
        else:
            # Back in from the right.
            x, size = width * (1.2 - 1.3 * (share - 0.5) * 2 * 0.5), height * 0.45
        frames.append([Place(x, height * 0.5, size)])
    last = frames[-1][0]
    for i in range(num_frames - alone):
        share = i / (num_frames - alone)
        first = Place(last.x - width * 0.35 * share, last.y, last.height)
        other = Place(width * (-0.1 + 1.0 * share), height * 0.55, height * 0.4)
        frames.append([other, first])
    return frames


def still(num_frames: int, *, light: float) -> Iterator[np.ndarray]:
    """A face that does not move, out of focus in little light, with a sensor's noise.

    It lies between categories: the more so, the less light there is.
    """
    photo = Image.fromarray(data.astronaut()[:360]).filter(ImageFilter.GaussianBlur(3))
    mean = np.asarray(photo) * light
    # Noise of the photons, which grows with the light, and of reading the sensor.
    spread = np.sqrt(0.35 * mean + 9)
    random = np.random.default_rng(0)
    for _ in range(num_frames):
        noisy = mean + spread * random.standard_normal(mean.shape)
        yield np.clip(noisy.round(), 0, 255).astype(np.uint8)
