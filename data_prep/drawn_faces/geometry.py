"""Person and expression -> all curves of the face in pixels, and its 68 landmarks."""

import dataclasses

import numpy as np
from jaxtyping import Float, Float32

from data_prep.drawn_faces.action_units import Expression
from data_prep.drawn_faces.curves import Curve
from data_prep.drawn_faces.eyes import EYE_HEIGHT, make_brow, make_eye, make_iris
from data_prep.drawn_faces.mouth import make_mouth
from data_prep.drawn_faces.person import Person, Shape

SIDES = {"left": -1, "right": 1}
_JAW = np.linspace(0.0, np.pi, 33)
_SKULL = np.linspace(np.pi, 2 * np.pi, 25)[1:-1]
# How far in front of (or behind) the round of the face a curve lies, by the first part of its name.
_LIFT = {"nose": 0.16, "brow": 0.03, "eye": -0.04, "mouth": 0.04, "back": -0.35, "ear": -0.5}


@dataclasses.dataclass(frozen=True)
class Pose:
    """Where the head is: radians, `scale` and `shift` in pixels, `gaze` in half face widths."""

    yaw: float
    pitch: float
    roll: float
    scale: float
    shift: tuple[float, float]
    gaze: tuple[float, float]


def make_pose(rng: np.random.Generator, *, size: int) -> Pose:
    """A head turned by up to 20 degrees about each axis, somewhere near the image's centre."""
    yaw, pitch, roll = np.deg2rad(rng.normal(0.0, (10.0, 7.0, 7.0)).clip(-20, 20)).tolist()
    shift = size * (np.array([0.5, 0.51]) + rng.uniform(-0.045, 0.045, 2))
    gaze = rng.normal(0.0, (0.035, 0.012)).clip(-0.06, 0.06)
    return Pose(
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        scale=float(size * rng.uniform(0.325, 0.385)),
        shift=(float(shift[0]), float(shift[1])),
        gaze=(float(gaze[0]), float(gaze[1])),
    )


def make_curves(person: Person, expression: Expression, pose: Pose) -> dict[str, Curve]:
    """Every curve of the face by name (`left_eye_upper`, `mouth_teeth`, ...), in pixels."""
    shape = person.shape
    flat = {"head": _head(shape, jaw=expression.mean(26)), **_nose(shape, expression)}
    for name, side in SIDES.items():
        units = expression.left if side < 0 else expression.right
        eye = make_eye(shape, units, side=side)
        eye |= make_iris(shape, eye, gaze=pose.gaze, side=side)
        flat[f"brow_{name}"] = make_brow(shape, units, side=side)
        flat |= {f"eye_{name}_{part}": curve for part, curve in eye.items()}
        flat |= _side_lines(shape, units, name=name, side=side)
    flat |= {f"mouth_{part}": curve for part, curve in make_mouth(shape, expression).items()}
    flat |= _middle_lines(shape)
    return project(flat, pose)


def project(flat: dict[str, Curve], pose: Pose) -> dict[str, Curve]:
    """Curves of the frontal face -> pixels of the posed one, each given the depth of its part."""
    names, lengths = list(flat), [len(curve) for curve in flat.values()]
    points = np.concatenate(list(flat.values()))
    lift = np.repeat([_LIFT.get(name.partition("_")[0], 0.0) for name in names], lengths)
    round_face = 1 - (points[:, 0] / 1.15) ** 2 - (points[:, 1] / 1.6) ** 2
    depth = 0.8 * np.sqrt(np.maximum(round_face, 0.0)) + lift
    depth[np.repeat([name.startswith(("head", "back")) for name in names], lengths)] = -0.05
    turned = np.column_stack([points, depth]) @ _rotation(pose).T
    pixels = pose.scale * turned[:, :2] + pose.shift
    pieces = np.split(pixels, np.cumsum(lengths)[:-1])
    return dict(zip(names, pieces, strict=True))


def make_landmarks(curves: dict[str, Curve]) -> Float32[np.ndarray, "68 2"]:
    """The 68 points (x, y) of the iBUG scheme: jaw, brows, nose, eyes, mouth."""
    left_upper, left_lower = curves["eye_left_upper"], curves["eye_left_lower"]
    right_upper, right_lower = curves["eye_right_upper"], curves["eye_right_lower"]
    return np.concatenate(
        [
            curves["head"][:33:2],
            curves["brow_left"][::-2],
            curves["brow_right"][::2],
            curves["nose_bridge"],
            curves["nose_base"][::2],
            left_upper[[0, 4, 8, 12]],
            left_lower[[8, 4]],
            right_upper[[12, 8, 4, 0]],
            right_lower[[4, 8]],
            curves["mouth_outer"],
            curves["mouth_inner"],
        ]
    ).astype(np.float32)


def _rotation(pose: Pose) -> Float[np.ndarray, "3 3"]:
    (cy, sy), (cp, sp), (cr, sr) = (
        (np.cos(angle), np.sin(angle)) for angle in (pose.yaw, pose.pitch, pose.roll)
    )
    about_y = np.array([[cy, 0.0, sy], [0.0, 1.0, 0.0], [-sy, 0.0, cy]])
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, cp, sp], [0.0, -sp, cp]])
    about_z = np.array([[cr, -sr, 0.0], [sr, cr, 0.0], [0.0, 0.0, 1.0]])
    return about_z @ about_x @ about_y


def _head(shape: Shape, *, jaw: float) -> Curve:
    across, down = np.cos(_JAW), np.sin(_JAW)
    square = 1.0 - 0.28 * shape.jaw_squareness
    x = -np.sign(across) * np.abs(across) ** square * shape.head_width
    y = -0.1 + (shape.chin + 0.1) * down**0.92 + 0.13 * jaw * down**3
    skull = np.stack(
        [-np.cos(_SKULL) * shape.head_width, -0.1 + (shape.forehead - 0.1) * np.sin(_SKULL)], axis=1
    )
    return np.concatenate([np.stack([x, y], axis=1), skull])


def _nose(shape: Shape, expression: Expression) -> dict[str, Curve]:
    wrinkle = expression.mean(9)
    end = 0.29 + shape.nose_length - 0.05 * wrinkle
    half = 0.15 * shape.nose_width * (1 + 0.25 * wrinkle)
    step = np.linspace(-1.0, 1.0, 9)
    base = np.stack([half * step, end + 0.045 * (1 - step**2) - 0.035 * step**4], axis=1)
    bridge = np.stack([np.zeros(4), np.linspace(EYE_HEIGHT, end - 0.07, 4)], axis=1)
    curves = {"nose_bridge": bridge, "nose_base": base}
    for name, side in SIDES.items():
        wing = np.array([[0.86, -0.13], [1.12, -0.07], [1.1, 0.01], [0.8, 0.03]])
        curves[f"nose_{name}_wing"] = wing * [side * half, 1.0] + [0.0, end - 0.01]
        curves[f"nose_{name}_nostril"] = np.array(
            [[side * half * 0.28, end + 0.02], [side * half * 0.72, end + 0.0]]
        )
        curves[f"nose_{name}_side"] = np.array(
            [[side * 0.1, EYE_HEIGHT - 0.1], [side * 0.07, 0.05], [side * half * 0.55, end - 0.08]]
        )
    for row, y in enumerate((-0.15, -0.07, 0.01)):
        curves[f"nose_wrinkle{row}"] = np.array(
            [[-0.13, y + 0.04], [-0.06, y - 0.01], [0, y], [0.06, y - 0.01], [0.13, y + 0.04]]
        )
    return curves


def _side_lines(shape: Shape, units: dict[int, float], *, name: str, side: int) -> dict[str, Curve]:
    corner = shape.mouth_width * (1 + 0.34 * units[12])
    start = 0.17 * shape.nose_width
    fold = np.array(
        [[start, 0.24], [start + 0.12, 0.32], [corner + 0.06, 0.5], [corner + 0.07, 0.66]]
    )
    lines = {
        f"fold_{name}": fold * [side, 1.0] - [0.0, 0.05 * units[9]],
        f"frown_{name}": np.array([[side * 0.06, -0.42], [side * 0.075, -0.26]]),
        f"squint_{name}": np.array([[side * 0.15, -0.04], [side * 0.2, 0.08], [side * 0.18, 0.18]]),
        f"cheek_{name}": np.array([[side * 0.56, 0.27]]),
        f"ear_{name}": _ear(shape, side=side),
    }
    return lines


def _ear(shape: Shape, *, side: int) -> Curve:
    angle = np.linspace(0.0, 2 * np.pi, 15)[:-1]
    ear = np.stack([0.13 * np.cos(angle), 0.24 * np.sin(angle)], axis=1)
    return ear + np.array([side * (shape.head_width + 0.01), 0.03])


def _middle_lines(shape: Shape) -> dict[str, Curve]:
    step = np.linspace(-1.0, 1.0, 9)
    lines = {
        f"forehead{row}": np.stack([0.42 * step, y - 0.03 * np.cos(np.pi * step)], axis=1)
        for row, y in enumerate((-0.83, -0.74))
    }
    lines["chin_crease"] = np.stack([0.13 * step, shape.chin - 0.26 + 0.03 * step**2], axis=1)
    return lines
