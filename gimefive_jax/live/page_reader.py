"""What a tab of the live page asks for: its frames' faces, as the page draws them."""

import time
from collections.abc import Callable

import numpy as np
from jaxtyping import UInt8

from gimefive_jax.api import Classifier
from gimefive_jax.explained.pictures import colour
from gimefive_jax.explanation.methods import METHOD_FACTS
from gimefive_jax.faces.found import FaceBox
from gimefive_jax.live.answers import About, LiveFace, Rectangle, make_map
from gimefive_jax.live.follower import FollowedFace, Follower
from gimefive_jax.live.frames import MAX_SIDE

_NUM_COLOURS = 64


class PageReader:
    """Reads the frames of one tab.

    Args:
      follower: Of this tab alone.
      clock: Seconds; a frame counts as taken when it is read.
    """

    def __init__(self, follower: Follower, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._follower, self._clock = follower, clock

    def __call__(self, frame: UInt8[np.ndarray, "height width 3"]) -> tuple[LiveFace, ...]:
        """Reads the faces of the next frame, RGB."""
        return tuple(map(_live_face, self._follower.read(frame, self._clock())))


def about(classifier: Classifier) -> About:
    """Gives what the page has to know of a model.

    Args:
      classifier: The model.
    """
    method, _, layer = classifier.shown_map.partition("@")
    return About(
        model=classifier.name,
        notice=classifier.notice,
        emotions=classifier.emotions,
        map_name=f"{METHOD_FACTS[method].title} at {layer or 'the input'}",
        colours=colour_ramp(),
        max_side=MAX_SIDE,
    )


def colour_ramp() -> tuple[tuple[int, int, int], ...]:
    """Gives red, green and blue of heat maps, from no evidence to the most."""
    ramp = colour(np.linspace(0, 1, _NUM_COLOURS)[None])[0].tolist()
    return tuple((red, green, blue) for red, green, blue in ramp)


def _live_face(followed: FollowedFace) -> LiveFace:
    face = followed.face
    # Shares are those of this frame's own map.
    is_of_this_frame = face.predicted == followed.read.predicted
    points = () if face.landmarks is None else face.landmarks.round(1).tolist()
    return LiveFace(
        track=followed.track,
        box=_rectangle(face.box),
        crop=_rectangle(face.crop),
        score=round(face.score, 3),
        label=face.predicted,
        probabilities=tuple(round(float(one), 4) for one in face.probabilities),
        heat_map=None if face.heat_map is None else make_map(face.heat_map),
        landmarks=tuple((x, y) for x, y in points),
        regions=face.sentence if is_of_this_frame else "",
    )


def _rectangle(box: FaceBox) -> Rectangle:
    return round(box.left, 1), round(box.top, 1), round(box.width, 1), round(box.height, 1)
