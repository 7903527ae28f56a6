"""Background, light and camera noise around a drawn face."""

import dataclasses

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageFilter

from data_prep.drawn_faces.canvas import Canvas
from data_prep.drawn_faces.geometry import Pose
from data_prep.drawn_faces.person import Colour, mix

GROUNDS = ("plain", "stripes", "halves", "discs")


@dataclasses.dataclass(frozen=True)
class Scene:
    """Background, light and camera; `blur` in pixels of 64, `noise` in grey levels."""

    ground: Colour
    second: Colour
    pattern: str
    light: tuple[float, float]
    brightness: float
    contrast: float
    saturation: float
    blur: float
    noise: float


def make_scene(rng: np.random.Generator) -> Scene:
    """Background, light and camera drawn at random."""
    first, second = (rng.integers(20, 240, 3).tolist() for _ in range(2))
    angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0.0, 0.4)
    ground = (first[0], first[1], first[2])
    return Scene(
        ground=ground,
        second=mix(ground, (second[0], second[1], second[2]), rng.uniform(0.15, 0.6)),
        pattern=GROUNDS[rng.integers(len(GROUNDS))],
        light=(float(strength * np.cos(angle)), float(strength * np.sin(angle))),
        brightness=float(rng.uniform(-16, 20)),
        contrast=float(rng.uniform(0.72, 1.12)),
        saturation=0.0 if rng.random() < 0.2 else float(rng.uniform(0.4, 1.1)),
        blur=float(max(0.0, rng.uniform(-0.5, 0.65))),
        noise=float(rng.uniform(0.0, 9.0)),
    )


def paint_ground(canvas: Canvas, scene: Scene, rng: np.random.Generator) -> None:
    """Paints the pattern behind the person."""
    size = float(canvas.size)
    corner, turn = rng.uniform(0, size, 2), rng.uniform(0, np.pi)
    along = np.array([np.cos(turn), np.sin(turn)])
    across = np.array([-along[1], along[0]])
    if scene.pattern == "discs":
        for centre in rng.uniform(0, size, (7, 2)):
            canvas.dot(centre, scene.second, radius=size * 0.11)
    elif scene.pattern == "halves":
        far = 2 * size
        box = np.array([[-far, 0], [far, 0], [far, far], [-far, far]])
        canvas.fill(corner + box[:, :1] * along + box[:, 1:] * across, scene.second)
    elif scene.pattern == "stripes":
        for offset in np.arange(-1.5, 1.5, 0.24) * size:
            ends = np.stack([corner - 2 * size * along, corner + 2 * size * along])
            canvas.stroke(ends + offset * across, scene.second, width=0.1 * size)


def photograph(
    picture: Image.Image, scene: Scene, pose: Pose, rng: np.random.Generator
) -> UInt8[np.ndarray, "size size 3"]:
    """Pixels of the picture under the scene's light, through its camera."""
    size = picture.width
    if scene.blur:
        picture = picture.filter(ImageFilter.GaussianBlur(scene.blur * size / 64))
    pixels = np.asarray(picture).astype(np.float32)
    grid = np.arange(size, dtype=np.float32) + 0.5
    x = ((grid - pose.shift[0]) / (1.3 * pose.scale)).clip(-1, 1)
    y = ((grid - pose.shift[1]) / (1.5 * pose.scale)).clip(-1, 1)
    lit = 1 + scene.light[0] * x[None, :] + scene.light[1] * y[:, None]
    lit -= 0.12 * (x[None, :] ** 2 + y[:, None] ** 2)
    pixels *= lit[..., None].astype(np.float32)
    grey = pixels.mean(axis=2, keepdims=True)
    pixels = grey + np.float32(scene.saturation) * (pixels - grey)
    pixels = np.float32(scene.contrast) * (pixels - 128) + np.float32(128 + scene.brightness)
    pixels += np.float32(scene.noise) * rng.standard_normal(pixels.shape, dtype=np.float32)
    return pixels.clip(0, 255).astype(np.uint8)
