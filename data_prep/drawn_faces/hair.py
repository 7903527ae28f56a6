"""Hair, beard, glasses, hat, clothes: what a person wears around and on the face."""

import numpy as np

from data_prep.drawn_faces.canvas import COVER, Canvas
from data_prep.drawn_faces.curves import Curve
from data_prep.drawn_faces.geometry import SIDES, Pose, project
from data_prep.drawn_faces.person import Person, mix

_STEPS = np.linspace(-1.0, 1.0, 17)
_ARC = np.linspace(np.pi, 2 * np.pi, 25)
_CIRCLE = np.linspace(0.0, 2 * np.pi, 33)
_LONG = ("long", "bob", "scarf")


def paint_behind(canvas: Canvas, *, person: Person, pose: Pose) -> None:
    """Paints what lies behind the face: shoulders, neck, long hair."""
    palette = person.palette
    shoulders = np.array(
        [[-2.2, 3.2], [-1.9, 1.85], [-0.6, 1.45], [0.6, 1.45], [1.9, 1.85], [2.2, 3.2]]
    )
    neck = np.array([[-0.48, 0.6], [-0.5, 1.7], [0.0, 1.95], [0.5, 1.7], [0.48, 0.6]])
    flat = {"back_shoulders": shoulders, "back_neck": neck, "back_hair": _back_hair(person)}
    curves = project(flat, pose)
    if person.hair_style in (*_LONG, "afro", "bun"):
        colour = palette.cloth if person.hair_style == "scarf" else palette.hair
        canvas.fill(curves["back_hair"], mix(colour, (20, 14, 16), 0.25))
    canvas.fill(curves["back_shoulders"], mix(palette.cloth, (30, 26, 30), 0.15))
    canvas.fill(curves["back_neck"], mix(palette.skin, palette.line, 0.3))


def paint_hair(canvas: Canvas, curves: dict[str, Curve], *, person: Person, pose: Pose) -> None:
    """Paints beard and the hair, hat or scarf in front of the face; it ends above the brows."""
    if person.beard and person.hair_style != "scarf":
        _paint_beard(canvas, curves, person, pose)
    if person.hair_style == "bald":
        return
    cloth = person.hair_style in ("beanie", "scarf")
    colour = person.palette.cloth if cloth else person.palette.hair
    front = project({"front": _front_hair(person), "rim": _hair_line(person)}, pose)
    dark = mix(colour, (20, 14, 16), 0.4)
    canvas.fill(front["front"], colour, part=COVER)
    canvas.stroke(front["rim"], dark, width=(0.12 if cloth else 0.05) * pose.scale, taper=0.4)
    if not cloth:
        for strand in project(_strands(person), pose).values():
            canvas.stroke(strand, mix(colour, dark, 0.6), width=0.035 * pose.scale, taper=0.9)


def paint_glasses(canvas: Canvas, *, person: Person, pose: Pose) -> None:
    """Paints thin round frames where the person wears any."""
    if not person.glasses:
        return
    shape, line = person.shape, person.palette.line
    across, down = 0.34 * person.glasses, 0.27 * person.glasses
    ring = np.stack([across * np.cos(_CIRCLE), down * np.sin(_CIRCLE)], axis=1)
    flat = {"bridge": np.array([[-0.09, -0.14], [0.0, -0.17], [0.09, -0.14]])}
    for name, side in SIDES.items():
        flat[f"ring_{name}"] = ring + np.array([side * shape.eye_distance, -0.1])
    for curve in project(flat, pose).values():
        canvas.stroke(curve, mix(line, (30, 26, 34), 0.6), width=0.04 * pose.scale)


def _paint_beard(canvas: Canvas, curves: dict[str, Curve], person: Person, pose: Pose) -> None:
    width, lip = person.shape.head_width, 0.42 + person.shape.mouth_height
    cheek = np.array(
        [[0.95 * width, 0.12], [0.72, 0.44], [0.46, lip + 0.1], [0.22, lip], [0.0, lip + 0.03]]
    )
    upper = project({"front": np.concatenate([cheek, cheek[-2::-1] * [-1.0, 1.0]])}, pose)["front"]
    colour = mix(person.palette.skin, person.palette.hair, person.beard)
    canvas.fill(np.concatenate([curves["head"][3:30], upper]), colour)


def _hair_line(person: Person) -> Curve:
    """Lower edge of the hair over the forehead, from left to right."""
    x = 0.97 * person.shape.head_width * _STEPS
    heights = {"fringe": -0.7, "bob": -0.72, "beanie": -0.82, "scarf": -0.84, "afro": -0.86}
    style = person.hair_style
    high = heights.get(style, -0.92)
    y = high + (-0.12 - high) * np.abs(_STEPS) ** 4
    if style in ("fringe", "bob"):
        y += 0.035 * np.cos(9 * np.pi * _STEPS)
    if style in ("side", "long", "bun"):
        y += 0.14 - 0.24 * np.exp(-(((_STEPS - person.part) / 0.35) ** 2))
    if style == "short":
        y += 0.04 * np.cos(14 * np.pi * _STEPS)
    return np.stack([x, y], axis=1)


def _skull(person: Person, *, extra: float, below: float) -> Curve:
    shape = person.shape
    x = (shape.head_width + extra) * np.cos(_ARC)
    y = -0.1 + (shape.forehead - 0.1 + extra) * np.sin(_ARC)
    y[[0, -1]] += below
    return np.stack([x, y], axis=1)


def _front_hair(person: Person) -> Curve:
    extra = {"afro": 0.3, "beanie": 0.1, "scarf": 0.1, "short": 0.06}.get(person.hair_style, 0.1)
    skull = _skull(person, extra=extra, below=0.12)
    if person.hair_style == "afro":
        skull += 0.05 * np.stack([np.cos(9 * _ARC), np.sin(9 * _ARC)], axis=1)
    return np.concatenate([skull, _hair_line(person)[::-1]])


def _back_hair(person: Person) -> Curve:
    width = person.shape.head_width
    if person.hair_style == "bun":
        bun = np.stack([0.36 * np.cos(_CIRCLE), 0.3 * np.sin(_CIRCLE)], axis=1)
        return bun - [0.0, person.shape.forehead + 0.22]
    if person.hair_style == "afro":
        return np.stack([(width + 0.36) * np.cos(_CIRCLE), -0.35 + 1.15 * np.sin(_CIRCLE)], axis=1)
    length = 0.8 if person.hair_style == "bob" else 1.7
    top = _skull(person, extra=0.14, below=0.0)
    ends = np.array(
        [[1.22, 0.6], [1.18, 0.85], [1.02, 1.0], [-1.02, 1.0], [-1.18, 0.85], [-1.22, 0.6]]
    )
    return np.concatenate([top, ends * [width, length]])


def _strands(person: Person) -> dict[str, Curve]:
    """A few lines in which the hair falls from the part to the temples."""
    line, width = _hair_line(person), person.shape.head_width
    root = np.array([person.part * 0.6, 0.12 - person.shape.forehead])
    strands = {}
    for i in (1, 3, 6, 10, 13, 15):
        middle = 0.5 * (root + line[i]) + [0.16 * width * _STEPS[i], -0.1]
        strands[f"strand{i}"] = np.stack([root, middle, line[i]])
    return strands
