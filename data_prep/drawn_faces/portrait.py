"""Face and features -> strokes and fills on a canvas, from back to front."""

import numpy as np

from data_prep.drawn_faces.action_units import Expression
from data_prep.drawn_faces.canvas import Canvas
from data_prep.drawn_faces.curves import Curve
from data_prep.drawn_faces.geometry import SIDES
from data_prep.drawn_faces.person import Colour, Person, mix

# The strokes each action unit moves; these and only these are evidence where the unit is active.
PARTS_MOVED = {
    1: ("brow", "forehead"),
    2: ("brow", "forehead"),
    4: ("brow", "frown", "upper_lid"),
    5: ("upper_lid", "lower_lid", "eye"),
    6: ("lower_lid", "feet"),
    7: ("upper_lid", "lower_lid", "eye"),
    9: ("nose_wrinkle", "squint", "wing", "fold", "lower_lid", "mouth"),
    12: ("mouth", "fold"),
    15: ("mouth",),
    16: ("mouth",),
    17: ("mouth", "chin_crease"),
    20: ("mouth",),
    23: ("mouth",),
    25: ("mouth",),
    26: ("mouth",),
    43: ("upper_lid",),
}
# Curves that each kind of wrinkle consists of.
LINES = {
    "frown": ("frown_left", "frown_right"),
    "squint": ("squint_left", "squint_right"),
    "fold": ("fold_left", "fold_right"),
    "feet": tuple(f"eye_{side}_foot{i}" for side in SIDES for i in range(3)),
    "nose_wrinkle": ("nose_wrinkle0", "nose_wrinkle1", "nose_wrinkle2"),
    "forehead": ("forehead0", "forehead1"),
    "chin_crease": ("chin_crease",),
}
_WHITE: Colour = (246, 244, 240)
_DARK: Colour = (34, 14, 18)


def paint_features(
    canvas: Canvas,
    curves: dict[str, Curve],
    *,
    person: Person,
    expression: Expression,
    scale: float,
) -> None:
    """Paints nose, wrinkles, mouth, eyes and brows; `scale` is half a face width in pixels."""
    _paint_nose(canvas, curves, person, expression, scale)
    _paint_wrinkles(canvas, curves, person, expression, scale)
    _paint_mouth(canvas, curves, person, expression, scale)
    for side in SIDES:
        _paint_eye(canvas, curves, person, side=side, scale=scale)
        _paint_brow(canvas, curves[f"brow_{side}"], person, scale=scale)


def paint_head(canvas: Canvas, curves: dict[str, Curve], *, person: Person, scale: float) -> None:
    """Paints ears, face, cheeks and freckles."""
    skin, line = person.palette.skin, person.palette.line
    ink = mix(skin, line, 0.55)
    for side in SIDES:
        ear = curves[f"ear_{side}"]
        canvas.fill(ear, mix(skin, line, 0.12))
        canvas.stroke(np.concatenate([ear, ear[:1]]), ink, width=0.04 * scale)
    head = curves["head"]
    canvas.fill(head, skin)
    canvas.stroke(head[:33], ink, width=0.045 * scale, taper=0.4)
    blush = mix(skin, (206, 84, 80), 0.16)
    for side in SIDES:
        cheek = curves[f"cheek_{side}"][0]
        canvas.dot(cheek, mix(skin, blush, 0.5), radius=0.2 * scale)
        canvas.dot(cheek, blush, radius=0.13 * scale)
        if person.freckles:
            for dx, dy in ((-0.1, -0.04), (0.0, 0.03), (0.1, -0.05), (0.05, -0.1), (-0.06, 0.08)):
                centre = cheek + scale * np.array([dx, dy])
                canvas.dot(centre, mix(skin, (120, 60, 30), 0.5), radius=0.022 * scale)


def paint_forehead(
    canvas: Canvas,
    curves: dict[str, Curve],
    *,
    person: Person,
    expression: Expression,
    scale: float,
) -> None:
    """Paints the wrinkles of a lifted or an old forehead, before hair or hat cover them."""
    strength = max(0.7 * expression.mean(1), 0.7 * expression.mean(2), 0.3 * person.age)
    _paint_lines(canvas, curves, person, part="forehead", strength=strength, scale=scale)


def _paint_nose(
    canvas: Canvas, curves: dict[str, Curve], person: Person, expression: Expression, scale: float
) -> None:
    skin, line = person.palette.skin, person.palette.line
    bridge, shaded = curves["nose_bridge"], curves["nose_right_side"]
    canvas.fill(np.concatenate([bridge, shaded[::-1]]), mix(skin, line, 0.1))
    canvas.stroke(shaded, mix(skin, line, 0.3), width=0.03 * scale, taper=0.6)
    flare = 0.6 + 0.4 * expression.mean(9)
    for side in SIDES:
        wing, nostril = curves[f"nose_{side}_wing"], curves[f"nose_{side}_nostril"]
        canvas.stroke(wing, mix(skin, line, flare), width=0.045 * scale, taper=0.3, part="wing")
        canvas.stroke(nostril, mix(skin, line, 0.9), width=0.05 * scale, part="wing")
    base = curves["nose_base"][2:7]
    canvas.stroke(base, mix(skin, line, 0.5), width=0.035 * scale, taper=0.5, part="wing")


def _paint_wrinkles(
    canvas: Canvas, curves: dict[str, Curve], person: Person, expression: Expression, scale: float
) -> None:
    mean = expression.mean
    age, drawn = 0.3 * person.age, mean(4) * max(0.0, 1 - 1.6 * mean(1))
    strengths = {"frown": max(drawn, 0.6 * age), "squint": mean(9), "chin_crease": mean(17)}
    strengths |= {"fold": max(0.7 * mean(12), 0.9 * mean(9), age), "feet": max(mean(6), age)}
    strengths["nose_wrinkle"] = mean(9)
    for part, strength in strengths.items():
        _paint_lines(canvas, curves, person, part=part, strength=strength, scale=scale)


def _paint_lines(
    canvas: Canvas,
    curves: dict[str, Curve],
    person: Person,
    *,
    part: str,
    strength: float,
    scale: float,
) -> None:
    if strength < 0.12:
        return
    ink = mix(person.palette.skin, person.palette.line, 0.25 + 0.55 * strength)
    width = (0.025 + 0.03 * strength) * scale
    for name in LINES[part]:
        canvas.stroke(curves[name], ink, width=width, taper=0.5, part=part)


def _paint_mouth(
    canvas: Canvas, curves: dict[str, Curve], person: Person, expression: Expression, scale: float
) -> None:
    skin, line, lip = person.palette.skin, person.palette.line, person.palette.lip
    shadow = mix(skin, line, 0.35)
    canvas.stroke(curves["mouth_under_lip"], shadow, width=0.035 * scale, taper=0.7, part="mouth")
    canvas.fill(curves["mouth_outline"], lip, part="mouth")
    canvas.fill(curves["mouth_upper_lip"], mix(lip, _DARK, 0.22))
    canvas.fill(curves["mouth_opening"], _DARK)
    if expression.mean(26) > 0.3:
        canvas.fill(curves["mouth_tongue"], (150, 62, 66))
    canvas.fill(curves["mouth_lower_teeth"], mix(_WHITE, _DARK, 0.12))
    canvas.fill(curves["mouth_teeth"], _WHITE)
    ink = mix(line, _DARK, 0.5)
    for name in ("mouth_parting", "mouth_lower_parting"):
        canvas.stroke(curves[name], ink, width=0.045 * scale, taper=0.3, part="mouth")


def _paint_eye(
    canvas: Canvas, curves: dict[str, Curve], person: Person, *, side: str, scale: float
) -> None:
    palette = person.palette
    eye = {
        name: curves[f"eye_{side}_{name}"]
        for name in ("opening", "iris", "pupil", "glint", "upper", "lower", "crease", "bag")
    }
    bag = mix(palette.skin, palette.line, 0.22)
    canvas.stroke(eye["bag"], bag, width=0.03 * scale, taper=0.6, part="lower_lid")
    canvas.fill(eye["opening"], mix(_WHITE, palette.skin, 0.12), part="eye")
    canvas.fill(eye["iris"], palette.iris)
    canvas.fill(eye["pupil"], (12, 8, 10))
    canvas.fill(eye["glint"], (255, 255, 255))
    crease = mix(palette.skin, palette.line, 0.4)
    canvas.stroke(eye["crease"], crease, width=0.03 * scale, taper=0.6, part="upper_lid")
    canvas.stroke(
        eye["lower"], mix(palette.skin, palette.line, 0.65), width=0.03 * scale, part="lower_lid"
    )
    lash = mix(palette.line, _DARK, 0.7)
    canvas.stroke(eye["upper"], lash, width=0.065 * scale, taper=0.35, part="upper_lid")


def _paint_brow(canvas: Canvas, brow: Curve, person: Person, *, scale: float) -> None:
    profile = np.array([0.75, 0.95, 1.0, 1.0, 0.95, 0.85, 0.7, 0.5, 0.2])
    widths = profile * person.shape.brow_thickness * scale
    canvas.brush(brow, person.palette.brow, widths=widths, part="brow")
