"""Curves of one eye and its brow as its action units move them, frontal, in half face widths."""

import numpy as np

from data_prep.drawn_faces.curves import Curve
from data_prep.drawn_faces.person import Shape

EYE_HEIGHT = -0.12  # of the eye line, y down
_BROW_STEPS = np.linspace(0.0, 1.0, 9)  # inner end to outer end; every second one is a landmark
_LID_STEPS = np.linspace(-1.0, 1.0, 13)  # outer corner to inner corner
_CIRCLE = np.linspace(0.0, 2 * np.pi, 17)[:-1]
_IRIS = 0.102


def make_brow(shape: Shape, units: dict[int, float], *, side: int) -> Curve:
    """Brow from inner to outer end, nine points: 1 lifts the inner part, 2 the outer, 4 lowers.

    Where 1 works against 4, the inner end goes up and the brow straightens (sadness, fear).
    """
    step, inner = _BROW_STEPS, 1.0 - _BROW_STEPS
    lowered = units[4] * max(0.0, 1.0 - 2.0 * units[1])
    arch = shape.brow_arch * (1.0 + 1.6 * units[2]) * max(0.0, 1.0 - 1.3 * units[4])
    y = EYE_HEIGHT - 0.3 + shape.brow_height - arch * np.sin(np.pi * step**1.3)
    y -= 0.22 * units[1] * inner + 0.24 * units[2] * step
    y += lowered * (0.05 + 0.16 * inner) + 0.1 * min(units[4], units[1]) * step
    u = 0.18 + 0.55 * step - 0.07 * units[4] * inner
    return np.stack([side * u, y], axis=1)


def make_eye(shape: Shape, units: dict[int, float], *, side: int) -> dict[str, Curve]:
    """Curves of the lids, `upper` and `lower` (outer to inner corner, 13 points), and around them.

    5 raises the upper lid, 6, 7 and 9 raise the lower one, 7 and 43 sink the upper one; 4 slants
    the upper lid down inwards, 1 with 4 down outwards.
    """
    step = _LID_STEPS
    height = shape.eye_height
    droop = 0.5 * units[43] + 0.35 * units[7] * (1 - units[5])
    glare = units[4] * (1.0 - units[1])
    sorrow = units[4] * units[1] * (1.0 - units[5])
    slanted = 1.0 - 0.35 * glare * (1 + step) / 2 - 0.55 * sorrow * (1 - step) / 2
    upper = height * (0.125 * (1 - min(droop, 0.75)) + 0.085 * units[5]) * slanted
    tight = 1.3 * units[6] + 0.7 * units[7] + 0.65 * units[9]
    lower = height * (0.075 * max(-0.45, 1.0 - tight) + 0.03 * units[5] * (1 - units[7]))
    u = shape.eye_distance - shape.eye_width * step
    line = EYE_HEIGHT + shape.eye_slant * step
    top = np.stack([side * u, line - upper * (1 - np.abs(step) ** 2.3) ** 0.8], axis=1)
    low = np.stack([side * u, line + lower * (1 - np.abs(step) ** 2.2)], axis=1)
    low[:, 1] = np.maximum(low[:, 1], top[:, 1])
    return {
        "upper": top,
        "lower": low,
        "opening": np.concatenate([top, low[::-1]]),
        "crease": top[1:-1] - [0.0, 0.055 - 0.02 * units[5]],
        "bag": low[2:-2] + np.array([0.0, 0.05 + 0.02 * units[6]]),
        **_crow_feet(shape, side=side),
    }


def make_iris(
    shape: Shape, eye: dict[str, Curve], *, gaze: tuple[float, float], side: int
) -> dict[str, Curve]:
    """Curves `iris`, `pupil`, `glint`: circles cut off by the lids of `eye`."""
    centre = np.array([side * shape.eye_distance + gaze[0], EYE_HEIGHT - 0.018 + gaze[1]])
    circle = np.stack([np.cos(_CIRCLE), np.sin(_CIRCLE)], axis=1)
    circles = {
        "iris": _IRIS * circle,
        "pupil": 0.052 * circle,
        "glint": 0.03 * circle + [0.035, -0.04],
    }
    return {name: _between_lids(points + centre, eye) for name, points in circles.items()}


def _between_lids(points: Curve, eye: dict[str, Curve]) -> Curve:
    upper, lower = eye["upper"], eye["lower"]
    if upper[0, 0] > upper[-1, 0]:
        upper, lower = upper[::-1], lower[::-1]
    top = np.interp(points[:, 0], upper[:, 0], upper[:, 1])
    bottom = np.interp(points[:, 0], lower[:, 0], lower[:, 1])
    return np.stack([points[:, 0], np.clip(points[:, 1], top, bottom)], axis=1)


def _crow_feet(shape: Shape, *, side: int) -> dict[str, Curve]:
    start = np.array([side * (shape.eye_distance + shape.eye_width + 0.04), EYE_HEIGHT])
    ends = np.array([[side * 0.14, -0.09], [side * 0.16, 0.0], [side * 0.13, 0.09]])
    return {
        f"foot{i}": np.stack([start + end * [0.0, 0.3], start + end]) for i, end in enumerate(ends)
    }
