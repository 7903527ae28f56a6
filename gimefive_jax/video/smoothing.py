"""Boxes and scores over time, steadier than from frame to frame; pure functions of what was."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from gimefive_jax.faces.found import FaceBox, FoundFace

# Of the filter of boxes, in Hz: the slowest change that passes at rest, for the place and for the
# size, and what a speed of one face width per second adds to each. The last smooths the speed.
_PLACE_AT_REST, _SIZE_AT_REST, _PLACE_IN_MOTION, _SIZE_IN_MOTION, _SPEED = 1.0, 0.5, 3.0, 1.0, 1.0
# Of the filter of keypoints, in Hz.
_KEYPOINTS = 2.0


@dataclasses.dataclass(frozen=True)
class BoxMotion:
    """Where a face is, and how it moves; centre x and y, width and height, in pixels."""

    measured: tuple[float, float, float, float]
    """As the detector gave them last."""
    smoothed: tuple[float, float, float, float]
    speed: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    """Pixels per second."""

    @property
    def box(self) -> FaceBox:
        """The smoothed box."""
        return _box(self.smoothed)

    def expected(self, seconds: float) -> FaceBox:
        """Where the face is some time after it was measured, if it goes on as it did.

        Its size stays, as a size that grows on would soon be nobody's.

        Args:
          seconds: Since the last measurement.
        """
        x, y, width, height = self.measured
        return _box((x + self.speed[0] * seconds, y + self.speed[1] * seconds, width, height))


def begin_motion(box: FaceBox) -> BoxMotion:
    """Gives the motion of a face that is seen for the first time: at rest."""
    return BoxMotion(measured=_centred(box), smoothed=_centred(box))


def smooth_box(before: BoxMotion, box: FaceBox, seconds: float) -> BoxMotion:
    """Takes a measured box into the motion of a face.

    The filter is strong where a face rests, whose detected size would flicker, and weak where it
    moves, whose box would lag behind.

    Args:
      before: The motion up to the last measurement.
      box: The box as it is found now.
      seconds: Since the last measurement; more than 0.

    Returns:
      The motion with the box in it.

    References:
      Casiez, Roussel and Vogel, 2012, "1 Euro Filter", https://doi.org/10.1145/2207676.2208639

    Example:
      >>> motion = begin_motion(FaceBox(0.0, 0.0, 100.0, 100.0))
      >>> smooth_box(motion, FaceBox(2.0, 0.0, 100.0, 100.0), 1 / 30).box.left < 1
      True
    """
    measured, scale = _centred(box), max(box.width, 1.0)
    keep = _share(_SPEED, seconds)
    speed = tuple(
        old + keep * ((new - last) / seconds - old)
        for old, new, last in zip(before.speed, measured, before.measured, strict=True)
    )
    place = _PLACE_AT_REST + _PLACE_IN_MOTION * math.hypot(speed[0], speed[1]) / scale
    size = _SIZE_AT_REST + _SIZE_IN_MOTION * math.hypot(speed[2], speed[3]) / scale
    shares = (_share(place, seconds),) * 2 + (_share(size, seconds),) * 2
    smoothed = tuple(
        old + share * (new - old)
        for old, new, share in zip(before.smoothed, measured, shares, strict=True)
    )
    return BoxMotion(measured=measured, smoothed=_four(smoothed), speed=_four(speed))


@dataclasses.dataclass(frozen=True)
class Keypoints:
    """Where keypoints lie in their box: x and y from its middle, in widths and heights of it."""

    places: tuple[float, ...]

    def in_box(self, box: FaceBox) -> Float[np.ndarray, "point 2"]:
        """Gives x and y in pixels of the image."""
        places = np.array(self.places, np.float32).reshape(-1, 2)
        sides = np.array([box.width, box.height], np.float32)
        return places * sides + np.array(box.centre, np.float32)


def keypoints_of(face: FoundFace) -> Keypoints | None:
    """Gives the keypoints of a face; None where the detector gives none."""
    if face.keypoints is None:
        return None
    sides = np.array([face.box.width, face.box.height])
    return Keypoints(tuple(((face.keypoints - face.box.centre) / sides).ravel().tolist()))


def smooth_keypoints(
    before: Keypoints | None, found: Keypoints | None, seconds: float
) -> Keypoints | None:
    """Takes found keypoints into those of a face over time.

    Args:
      before: Up to the last measurement; None where there were none.
      found: As they are found now; None where there are none.
      seconds: Since the last measurement.

    Returns:
      The keypoints with these in them.
    """
    if before is None or found is None:
        return found
    share = _share(_KEYPOINTS, seconds)
    pairs = zip(before.places, found.places, strict=True)
    return Keypoints(tuple(old + share * (new - old) for old, new in pairs))


@dataclasses.dataclass(frozen=True)
class ScoreRules:
    """How scores are smoothed over time."""

    half_life: float = 0.5
    """Seconds after which a score counts half."""
    margin: float = 0.1
    """By how much another category's smoothed score must be higher before the label changes."""


@dataclasses.dataclass(frozen=True)
class SmoothScores:
    """Scores of a face over time, and the label that they give."""

    scores: tuple[float, ...]
    """A smoothed probability for each category."""
    category: int
    """Number of the category that is the label."""


def smooth_scores(
    before: SmoothScores | None,
    probabilities: Sequence[float],
    seconds: float,
    *,
    rules: ScoreRules | None = None,
) -> SmoothScores:
    """Takes a frame's probabilities into the scores of a face.

    Scores are a mean that forgets with time, not with frames, so a clip of another frame rate has
    the same. The label changes only for a score that is clearly higher, so a face between two
    categories does not flicker between them.

    Args:
      before: The scores so far; None for a face that is new.
      probabilities: Of each category, in this frame.
      seconds: Since the frame of `before`.
      rules: See `ScoreRules`.

    Returns:
      The scores with this frame in them.

    Example:
      >>> first = smooth_scores(None, [0.6, 0.4], 0.0)
      >>> smooth_scores(first, [0.4, 0.6], 0.04).category
      0
    """
    rules = rules or ScoreRules()
    given = tuple(map(float, probabilities))
    if before is None:
        return SmoothScores(given, given.index(max(given)))
    keep = 0.5 ** (seconds / rules.half_life)
    scores = tuple(
        keep * old + (1 - keep) * new for old, new in zip(before.scores, given, strict=True)
    )
    best = scores.index(max(scores))
    changes = scores[best] > scores[before.category] + rules.margin
    return SmoothScores(scores, best if changes else before.category)


def _share(cutoff: float, seconds: float) -> float:
    """How much of a new value a low-pass filter takes, at a cutoff in Hz."""
    turns = 2 * math.pi * cutoff * seconds
    return turns / (turns + 1)


def _centred(box: FaceBox) -> tuple[float, float, float, float]:
    return *box.centre, box.width, box.height


def _box(centred: tuple[float, float, float, float]) -> FaceBox:
    x, y, width, height = centred
    return FaceBox(x - width / 2, y - height / 2, width, height)


def _four(values: tuple[float, ...]) -> tuple[float, float, float, float]:
    first, second, third, fourth = values
    return first, second, third, fourth
