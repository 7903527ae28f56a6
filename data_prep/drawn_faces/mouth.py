"""Curves of the mouth as its action units move them, frontal, in half face widths."""

import dataclasses

import numpy as np
from jaxtyping import Float

from data_prep.drawn_faces.action_units import Expression
from data_prep.drawn_faces.curves import Curve
from data_prep.drawn_faces.person import Shape

Row = Float[np.ndarray, " step"]

MOUTH_HEIGHT = 0.64  # of the line between the lips at rest, y down
_STEPS = np.linspace(-1.0, 1.0, 25)  # left corner to right corner in the image
_OUTER = (0, 4, 8, 12, 16, 20, 24)
_INNER = (2, 8, 12, 16, 22)


@dataclasses.dataclass(frozen=True)
class _Form:
    """What the muscles make of the mouth at each step from corner to corner."""

    half_width: Row
    corner_drop: Row
    rise: Row
    drop: Row
    upper_lip: Row
    lower_lip: Row
    flatness: Row
    roundness: Row
    teeth: Row
    lower_teeth: Row


def make_mouth(shape: Shape, expression: Expression) -> dict[str, Curve]:
    """Polygons and strokes of lips, teeth and tongue by name, as the units' strengths shape them.

    `outer` [12] and `inner` [8] are the landmarks 48-59 and 60-67 in their order. Left and right
    strengths blend from corner to corner.
    """
    left, right = expression.left, expression.right
    units = {unit: left[unit] + (right[unit] - left[unit]) * (_STEPS + 1) / 2 for unit in left}
    return _curves(_form(shape, units), MOUTH_HEIGHT + shape.mouth_height)


def _form(shape: Shape, units: dict[int, Row]) -> _Form:
    jaw, stretch, tight, parted, smile = (units[u] for u in (26, 20, 23, 25, 12))
    bared = units[9] * (0.4 + 0.6 * units[16])
    width = 1 + 0.34 * smile + 0.3 * stretch - 0.1 * tight - 0.06 * units[15] * (1 - units[9])
    # A dropped jaw makes the mouth round, unless something pulls at its corners.
    width -= 0.5 * jaw * (1 - stretch) * (1 - smile)
    open_down = 0.36 * jaw + parted * (0.055 + 0.055 * smile) + 0.085 * units[16]
    open_up = (0.1 * jaw + 0.035 * parted) * (1 - smile) + 0.095 * bared
    square = np.minimum(1.0, stretch + tight + 0.6 * units[9])
    thin = 1 - 0.6 * tight * (1 - 0.4 * parted) - 0.25 * smile - 0.15 * stretch
    return _Form(
        half_width=shape.mouth_width * width,
        corner_drop=-0.19 * smile + 0.17 * units[15] + 0.03 * stretch + 0.02 * tight,
        rise=open_up + 0.05 * units[9] + 0.03 * units[17] - 0.03 * smile,
        drop=open_down - 0.05 * units[9] - 0.03 * units[17] + 0.03 * smile,
        upper_lip=shape.upper_lip * thin,
        lower_lip=shape.lower_lip * thin * (1 + 0.3 * units[17] + 0.2 * units[16]),
        flatness=2.0 + 3.0 * square,
        roundness=0.95 - 0.45 * np.minimum(1.0, jaw + 0.8 * square),
        teeth=0.12
        * np.minimum(1.0, smile + stretch + 1.2 * bared + parted * tight * 2 + 0.3 * jaw),
        lower_teeth=0.12 * np.minimum(1.0, 0.8 * stretch + 1.4 * units[16] + parted * tight * 2),
    )


def _curves(form: _Form, height: float) -> dict[str, Curve]:
    x = form.half_width * _STEPS
    bow = np.abs(_STEPS)
    middle = height + form.corner_drop * (bow**1.7 - 0.35)
    gap = np.maximum(0.0, 1 - bow**form.flatness) ** form.roundness
    inner_top = middle - form.rise * gap
    inner_low = np.maximum(inner_top, middle + form.drop * gap)
    cupid = 1 - 0.3 * np.exp(-((_STEPS / 0.14) ** 2))
    outer_top = inner_top - form.upper_lip * cupid * (1 - bow**2.4)
    outer_low = inner_low + form.lower_lip * (1 - bow**2.6)
    teeth_low = np.minimum(inner_top + form.teeth, inner_low)
    teeth_top = np.maximum(inner_low - form.lower_teeth, teeth_low)
    tongue_top = np.maximum(inner_top, inner_low - 0.11 * (1 - bow**2))
    tongue = slice(6, 19)

    def line(y: Row) -> Curve:
        return np.stack([x, y], axis=1)

    def band(top: Row, low: Row) -> Curve:
        return np.concatenate([line(top), line(low)[::-1]])

    return {
        "outline": band(outer_top, outer_low),
        "upper_lip": band(outer_top, inner_top),
        "lower_lip": band(inner_low, outer_low),
        "opening": band(inner_top, inner_low),
        "teeth": band(inner_top, teeth_low),
        "lower_teeth": band(teeth_top, inner_low),
        "tongue": np.concatenate([line(tongue_top)[tongue], line(inner_low)[tongue][::-1]]),
        "parting": line(inner_top),
        "lower_parting": line(inner_low),
        "under_lip": line(outer_low + 0.05)[8:17],
        "outer": np.concatenate(
            [line(outer_top)[list(_OUTER)], line(outer_low)[list(_OUTER[-2:0:-1])]]
        ),
        "inner": np.concatenate(
            [line(inner_top)[list(_INNER)], line(inner_low)[list(_INNER[-2:0:-1])]]
        ),
    }
