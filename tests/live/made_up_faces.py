"""Faces and followers that are made up, for tests of what becomes of them."""

from collections.abc import Iterator, Sequence

import numpy as np

from gimefive_jax.faces.found import FaceBox, FoundFace
from gimefive_jax.live.camera import CameraFrame
from gimefive_jax.live.follower import FollowedFace, Follower
from gimefive_jax.predicting.scene import SceneFace
from gimefive_jax.video.labels import LabelRules, as_shown, next_label
from tests.live.made_up import EMOTIONS


def scene_face(face: FoundFace, first: float = 0.7) -> SceneFace:
    """A face whose first category has the probability `first`."""
    rest = (1 - first) / (len(EMOTIONS) - 1)
    probabilities = np.array([first, *[rest] * (len(EMOTIONS) - 1)], np.float32)
    return SceneFace(
        box=face.box,
        score=face.score,
        crop=face.box,
        pixels=np.zeros((8, 8, 3), np.uint8),
        logits=np.log(probabilities),
        probabilities=probabilities,
        emotions=EMOTIONS,
        predicted=EMOTIONS[int(probabilities.argmax())],
        heat_map=np.eye(4, dtype=np.float32),
    )


def frames_of(*times: float, width: int = 64, height: int = 48) -> list[CameraFrame]:
    """Frames that come at these times, each a little brighter than the one before."""
    return [
        CameraFrame(i, time, np.full((height, width, 3), 10 * i, np.uint8))
        for i, time in enumerate(times)
    ]


def interrupted_by(error: BaseException, frames: list[CameraFrame]) -> Iterator[CameraFrame]:
    """Gives frames, then fails."""
    yield from frames
    raise error


class OneFace(Follower):
    """Sees one face in every frame, in its middle; none in black ones."""

    def __init__(self) -> None:
        self.labels = None

    def read(self, frame: np.ndarray, time: float) -> tuple[FollowedFace, ...]:
        if not frame.any():
            return ()
        height, width = frame.shape[:2]
        found = FoundFace(FaceBox(width / 4, height / 4, width / 2, height / 2), 0.9)
        face = scene_face(found)
        self.labels = next_label(self.labels, face, int(1000 * time), time, rules=LabelRules(True))
        return (FollowedFace(3, as_shown(face, self.labels), face, self.labels),)


def white_columns(images: Sequence[np.ndarray]) -> list[tuple[FoundFace, ...]]:
    """A detector whose faces are what is white, left to right."""
    return [_white(image) for image in images]


def _white(image: np.ndarray) -> tuple[FoundFace, ...]:
    columns = np.flatnonzero((image[..., 0] == 255).any(0))
    if not columns.size:
        return ()
    groups = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
    found = []
    for group in groups:
        rows = np.flatnonzero((image[:, group, 0] == 255).any(1))
        box = FaceBox(float(group[0]), float(rows[0]), float(group.size), float(rows.size))
        found.append(FoundFace(box, 0.9))
    return tuple(found)
