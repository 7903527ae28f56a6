"""Occluders between a face and the camera: a hand, or a bar."""

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image, ImageDraw

from data_prep.drawn_faces.canvas import FACTOR
from data_prep.drawn_faces.geometry import Pose
from data_prep.drawn_faces.person import Colour, mix

Point = Float[np.ndarray, " 2"]
Mask = Bool[np.ndarray, "size size"]

_SHARE = 0.15  # of the faces
_MOST_HIDDEN = 0.3  # of the evidence
_OPAQUE = 128  # of 255
_INK: Colour = (40, 22, 24)


def make_occluder(
    pose: Pose, rng: np.random.Generator, *, skin: Colour, size: int
) -> Image.Image | None:
    """RGBA layer of side `size` with a hand or a bar, opaque where it hides; mostly None."""
    if rng.random() > _SHARE:
        return None
    is_hand = rng.random() < 0.6
    red, green, blue = rng.integers(30, 220, 3).tolist()
    colour = skin if is_hand else (red, green, blue)
    ink = mix(colour, _INK, 0.6)
    layer = Image.new("RGBA", (size * FACTOR, size * FACTOR), (*ink, 0))
    draw = ImageDraw.Draw(layer)
    for start, end, width in _hand(pose, rng) if is_hand else _bar(pose, rng):
        _draw_rod(draw, start, end, width=width + 0.07 * pose.scale, colour=ink)
        _draw_rod(draw, start, end, width=width, colour=colour)
    return layer.reduce(FACTOR)


def cover(picture: Image.Image, evidence: Mask, occluder: Image.Image) -> tuple[Image.Image, Mask]:
    """Picture and evidence behind the occluder; both as they were if it hid too much evidence."""
    hidden = np.asarray(occluder.getchannel("A")) >= _OPAQUE
    if (evidence & hidden).sum() > _MOST_HIDDEN * evidence.sum():
        return picture, evidence
    covered = picture.copy()
    covered.paste(occluder, mask=occluder)
    return covered, evidence & ~hidden


def _hand(pose: Pose, rng: np.random.Generator) -> list[tuple[Point, Point, float]]:
    """Palm and four fingers from below at one side, as (start, end, width) in pixels."""
    side, turn = rng.choice([-1.0, 1.0]), rng.uniform(-0.15, 0.45)
    palm = np.array([side * rng.uniform(0.55, 1.0), rng.uniform(0.9, 1.3)])
    rods = [(palm + np.array([side * 0.25, 1.6]), palm, 0.62)]
    for finger, length in enumerate((0.5, 0.62, 0.6, 0.46)):
        angle = side * (0.16 * (finger - 1.5) - turn)
        base = palm + np.array([side * 0.175 * (finger - 1.5), 0.0])
        rods.append((base, base + length * np.array([np.sin(angle), -np.cos(angle)]), 0.17))
    origin = np.array(pose.shift)
    return [(origin + pose.scale * a, origin + pose.scale * b, pose.scale * w) for a, b, w in rods]


def _bar(pose: Pose, rng: np.random.Generator) -> list[tuple[Point, Point, float]]:
    """One bar that crosses the whole image somewhere over the head."""
    angle = rng.uniform(0.0, np.pi)
    along, across = (
        np.array([np.cos(angle), np.sin(angle)]),
        np.array([-np.sin(angle), np.cos(angle)]),
    )
    middle = np.array(pose.shift) + pose.scale * rng.uniform(-1.0, 1.0) * across
    reach, width = 4 * pose.scale * along, float(pose.scale * rng.uniform(0.12, 0.3))
    return [(middle - reach, middle + reach, width)]


def _draw_rod(
    draw: ImageDraw.ImageDraw, start: Point, end: Point, *, width: float, colour: Colour
) -> None:
    (x, y), radius = (FACTOR * end).tolist(), 0.5 * FACTOR * width
    draw.line([*(FACTOR * start).tolist(), x, y], fill=(*colour, 255), width=round(FACTOR * width))
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(*colour, 255))
