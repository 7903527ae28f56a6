"""Reads the faces of frames that follow each other: who is who, and steadied scores."""

import dataclasses

import numpy as np
from jaxtyping import UInt8

from gimefive_jax.predicting.scene import SceneFace, SceneReader
from gimefive_jax.video.finding import FaceFinder
from gimefive_jax.video.labels import LabelRules, TrackLabel, as_shown, next_label
from gimefive_jax.video.tracks import Tracks


@dataclasses.dataclass(frozen=True, eq=False)
class FollowedFace:
    """A face of a frame, with what earlier frames say of it."""

    track: int
    """Number that a person keeps from frame to frame."""
    face: SceneFace
    """As it is shown: box, scores, label and the map of that label, steadied over time."""
    read: SceneFace
    """As it was read in this frame alone, in the same box."""
    label: TrackLabel
    """Its scores over time."""


class Follower:
    """Reads the faces of one camera, frame after frame.

    Args:
      finder: Finds and follows the faces.
      reader: Classifies and explains them.
      max_faces: Only so many, the largest, are read in a frame.
      rules: When and from what the shown label changes.
    """

    def __init__(
        self,
        finder: FaceFinder,
        reader: SceneReader,
        *,
        max_faces: int,
        rules: LabelRules | None = None,
    ) -> None:
        self._finder, self._reader, self._max_faces = finder, reader, max_faces
        self._rules = rules or LabelRules(smooth=True)
        self._tracks = Tracks()
        self._labels: dict[int, TrackLabel] = {}
        self._number = 0

    def read(
        self, frame: UInt8[np.ndarray, "height width 3"], time: float
    ) -> tuple[FollowedFace, ...]:
        """Reads the faces of the next frame.

        Args:
          frame: RGB.
          time: When it was taken, in seconds; later than the frame before.

        Returns:
          Its faces, largest first.
        """
        number = self._number
        self._number += 1
        [followed] = self._finder.find([frame], [number], [time], self._tracks)
        self._tracks = followed.tracks
        found = sorted(
            zip(followed.numbers, followed.faces, strict=True), key=lambda one: -one[1].box.area
        )[: self._max_faces]
        [faces] = self._reader.read([frame], [[face for _, face in found]])
        read = list[FollowedFace]()
        for (track, _), face in zip(found, faces, strict=True):
            before = self._labels.get(track)
            label = next_label(before, face, number, time, rules=self._rules)
            self._labels[track] = label
            read.append(FollowedFace(track, as_shown(face, label), face, label))
        # Of faces that are not followed any more nothing is kept.
        known = {one.number for one in self._tracks.tracks}
        self._labels = {track: kept for track, kept in self._labels.items() if track in known}
        return tuple(read)
