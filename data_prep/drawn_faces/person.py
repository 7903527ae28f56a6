"""A drawn person: shape, colours, hair and glasses, independent of the expression."""

import dataclasses

import numpy as np

Colour = tuple[int, int, int]

# The Monk scale from lightest to darkest, its last step raised so that strokes still show.
SKIN_TONES: tuple[Colour, ...] = (
    (246, 237, 228),
    (243, 226, 208),
    (247, 225, 196),
    (234, 204, 170),
    (215, 178, 138),
    (178, 132, 92),
    (150, 104, 74),
    (120, 82, 62),
    (98, 70, 56),
    (84, 62, 52),
)
HAIR_STYLES = ("bald", "short", "side", "fringe", "long", "bob", "afro", "bun", "beanie", "scarf")
_HAIR_COLOURS: tuple[Colour, ...] = (
    (28, 24, 26),
    (46, 32, 26),
    (84, 54, 34),
    (120, 76, 42),
    (168, 84, 40),
    (206, 164, 96),
    (226, 204, 150),
    (150, 146, 146),
    (222, 220, 218),
)
_CLOTH_COLOURS: tuple[Colour, ...] = (
    (52, 78, 122),
    (150, 48, 56),
    (70, 110, 84),
    (226, 188, 82),
    (232, 228, 222),
    (58, 56, 64),
    (140, 100, 150),
    (212, 132, 108),
)
_IRIS_COLOURS: tuple[Colour, ...] = (
    (44, 30, 22),
    (82, 52, 30),
    (112, 92, 44),
    (74, 112, 80),
    (84, 124, 160),
    (110, 120, 128),
)


@dataclasses.dataclass(frozen=True)
class Palette:
    """Colours of one person; `line` is the ink of outlines and wrinkles."""

    skin: Colour
    line: Colour
    hair: Colour
    brow: Colour
    lip: Colour
    iris: Colour
    cloth: Colour


@dataclasses.dataclass(frozen=True)
class Shape:
    """Proportions at rest, in half face widths: a face is about 2 wide."""

    head_width: float
    forehead: float
    chin: float
    jaw_squareness: float
    eye_distance: float
    eye_width: float
    eye_height: float
    eye_slant: float
    brow_thickness: float
    brow_height: float
    brow_arch: float
    nose_length: float
    nose_width: float
    mouth_height: float
    mouth_width: float
    upper_lip: float
    lower_lip: float


@dataclasses.dataclass(frozen=True)
class Person:
    """Identity of a face; `beard`, `glasses` are 0 for none, else thickness; `age` is 0..1."""

    skin_tone: int
    palette: Palette
    shape: Shape
    hair_style: str
    part: float
    beard: float
    glasses: float
    freckles: bool
    age: float


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Colour between the two; `share` 0 gives the first, 1 the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def make_person(rng: np.random.Generator) -> Person:
    """A person drawn at random; skin, hair and features vary independently of each other."""
    skin_tone = int(rng.integers(len(SKIN_TONES)))
    return Person(
        skin_tone=skin_tone,
        palette=_make_palette(skin_tone, rng),
        shape=_make_shape(rng),
        hair_style=str(rng.choice(HAIR_STYLES)),
        part=float(rng.uniform(-0.6, 0.6)),
        beard=float(rng.uniform(0.25, 0.8)) if rng.random() < 0.15 else 0.0,
        glasses=float(rng.uniform(0.85, 1.15)) if rng.random() < 0.2 else 0.0,
        freckles=bool(rng.random() < 0.12),
        age=max(0.0, float(rng.uniform(-1.2, 1.0))),
    )


def _make_palette(skin_tone: int, rng: np.random.Generator) -> Palette:
    skin = mix(SKIN_TONES[skin_tone], SKIN_TONES[max(0, skin_tone - 1)], rng.uniform(0, 0.6))
    hair = _pick(_HAIR_COLOURS, rng)
    flush = mix(skin, (176, 44, 56), rng.uniform(0.15, 0.75))
    brow = mix(hair, (40, 28, 24), rng.uniform(0, 0.8))
    return Palette(
        skin=skin,
        line=mix(skin, (40, 16, 14), 0.8),
        hair=hair,
        brow=mix(brow, skin, rng.uniform(0, 0.15)),
        lip=mix(flush, (60, 20, 24), rng.uniform(0, 0.3)),
        iris=_pick(_IRIS_COLOURS, rng),
        cloth=_pick(_CLOTH_COLOURS, rng),
    )


def _make_shape(rng: np.random.Generator) -> Shape:
    draws = iter(rng.random(17).tolist())

    def between(low: float, high: float) -> float:
        return low + (high - low) * next(draws)

    return Shape(
        head_width=between(0.9, 1.06),
        forehead=between(1.15, 1.32),
        chin=between(1.12, 1.32),
        jaw_squareness=between(0.0, 1.0),
        eye_distance=between(0.39, 0.46),
        eye_width=between(0.19, 0.235),
        eye_height=between(0.85, 1.2),
        eye_slant=between(-0.03, 0.04),
        brow_thickness=between(0.06, 0.12),
        brow_height=between(-0.03, 0.03),
        brow_arch=between(0.02, 0.07),
        nose_length=between(-0.05, 0.05),
        nose_width=between(0.8, 1.3),
        mouth_height=between(-0.03, 0.05),
        mouth_width=between(0.31, 0.4),
        upper_lip=between(0.045, 0.085),
        lower_lip=between(0.07, 0.11),
    )


def _pick(colours: tuple[Colour, ...], rng: np.random.Generator) -> Colour:
    return colours[rng.integers(len(colours))]
