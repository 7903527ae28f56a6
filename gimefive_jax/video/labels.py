"""What is shown of a face over the frames: its label, its scores and the map that explains it."""

import dataclasses

import numpy as np
from jaxtyping import Float

from gimefive_jax.predicting.scene import SceneFace
from gimefive_jax.video.smoothing import SmoothScores, smooth_scores

HeatMap = tuple[tuple[float, ...], ...]


@dataclasses.dataclass(frozen=True)
class LabelRules:
    """When and from what the shown label changes."""

    smooth: bool = False
    """Whether it comes from scores over time; else from those of a single frame."""
    hold: int = 1
    """Frames for which it stays before it is looked at anew."""


@dataclasses.dataclass(frozen=True)
class ShownLabel:
    """What is drawn at a face."""

    category: int
    scores: tuple[float, ...]
    heat_map: HeatMap | None
    """Of `category`: from this frame, or from the last one that gave that category."""


@dataclasses.dataclass(frozen=True)
class TrackLabel:
    """The scores of a face over time, and what is shown of it."""

    smooth: SmoothScores
    time: float
    """Of the last frame with the face, in seconds."""
    shown: ShownLabel
    shown_since: int
    """Number of the frame that gave `shown`."""
    maps: dict[str, HeatMap]
    """The last map of each category, by its number as a word."""


def next_label(
    before: TrackLabel | None, face: SceneFace, number: int, time: float, *, rules: LabelRules
) -> TrackLabel:
    """Takes a frame's reading of a face into what is shown of it.

    The map that is drawn explains the label that is drawn: where the smoothed label is not this
    frame's, the last map of that category stays.

    Args:
      before: What was shown; None for a new face.
      face: The reading of this frame.
      number: Of this frame.
      time: Of this frame, in seconds.
      rules: See `LabelRules`.

    Returns:
      What is shown now.
    """
    probabilities = face.probabilities.astype(float).tolist()
    seconds = 0.0 if before is None else time - before.time
    smooth = smooth_scores(None if before is None else before.smooth, probabilities, seconds)
    raw = int(face.probabilities.argmax())
    maps = {} if before is None else dict(before.maps)
    if face.heat_map is not None:
        maps[str(raw)] = _plain(face.heat_map)
    if before is not None and number - before.shown_since < rules.hold:
        shown, since = before.shown, before.shown_since
    else:
        category = smooth.category if rules.smooth else raw
        scores = smooth.scores if rules.smooth else tuple(probabilities)
        shown, since = ShownLabel(category, scores, maps.get(str(category))), number
    return TrackLabel(smooth, time, shown, since, maps)


def as_shown(face: SceneFace, label: TrackLabel) -> SceneFace:
    """Gives a face with the label, scores and map that are shown, for drawing."""
    shown = label.shown
    return dataclasses.replace(
        face,
        probabilities=np.array(shown.scores, np.float32),
        predicted=face.emotions[shown.category],
        heat_map=None if shown.heat_map is None else np.array(shown.heat_map, np.float32),
    )


def _plain(heat_map: Float[np.ndarray, "rows columns"]) -> HeatMap:
    return tuple(map(tuple, heat_map.tolist()))
