"""What the server says to the page: typed records that travel as JSON."""

import dataclasses
import json

import numpy as np
from jaxtyping import Float

from gimefive_jax import json_records
from gimefive_jax.explained.pictures import scale_to_unit

Rectangle = tuple[float, float, float, float]
"""Left, top, width and height, in pixels of the frame that was sent."""


@dataclasses.dataclass(frozen=True)
class LiveMap:
    """The positive part of a heat map over its largest value."""

    rows: int
    columns: int
    values: tuple[int, ...]
    """From 0 to 255, row by row."""


@dataclasses.dataclass(frozen=True)
class LiveFace:
    """A face of a frame, as the page draws it."""

    track: int
    """Number that a person keeps from frame to frame."""
    box: Rectangle
    crop: Rectangle
    """The square that was classified, on which the heat map lies."""
    score: float
    """Of the detector, from 0 to 1."""
    label: str
    """The most probable category, smoothed over time."""
    probabilities: tuple[float, ...]
    """Of every category, calibrated and smoothed over time; they sum to 1."""
    heat_map: LiveMap | None
    """Of the category predicted in this very frame."""
    landmarks: tuple[tuple[float, float], ...]
    """68 points in pixels of the frame that was sent; none where they were not found."""
    regions: str
    """Where the evidence lies, in a sentence; empty where that is not known."""


@dataclasses.dataclass(frozen=True)
class LiveFrame:
    """The answer to a frame."""

    width: int
    height: int
    faces: tuple[LiveFace, ...]
    milliseconds: float
    """From the first byte decoded to the last map computed."""
    kind: str = "frame"


@dataclasses.dataclass(frozen=True)
class Refusal:
    """The answer to a message that is no frame, or comes too early."""

    message: str
    """One line: what is wrong, the rule, the mend."""
    kind: str = "error"


@dataclasses.dataclass(frozen=True)
class About:
    """What the page has to know before the first frame."""

    model: str
    notice: str
    """What the weights may be used for; empty where nothing is known."""
    emotions: tuple[str, ...]
    map_name: str
    """Method and layer of the heat maps."""
    colours: tuple[tuple[int, int, int], ...]
    """Red, green and blue of heat maps, from no evidence to the most."""
    max_side: int
    """Longest side of a frame that is worth sending, in pixels."""


def encode(answer: LiveFrame | Refusal | About) -> str:
    """Writes an answer as JSON, on one line and without spaces.

    Args:
      answer: What the page gets.

    Returns:
      JSON with the names of the record's fields.
    """
    return json.dumps(json_records.to_json(answer), separators=(",", ":"), allow_nan=False)


def make_map(heat_map: Float[np.ndarray, "height width"]) -> LiveMap:
    """Scales a signed map for a picture, one byte for each cell.

    Args:
      heat_map: Signed map, `[height, width]`.

    Returns:
      Its positive part over its largest value, on its own grid; zeros where nothing is positive.

    Example:
      >>> make_map(np.array([[-1.0, 0.0], [1.0, 2.0]]))
      LiveMap(rows=2, columns=2, values=(0, 0, 128, 255))
    """
    bytes_ = np.rint(255 * scale_to_unit(heat_map)).astype(int)
    rows, columns = heat_map.shape
    return LiveMap(rows, columns, tuple(bytes_.ravel().tolist()))
