"""Which face of a frame is which face of the frames before; pure functions of what was."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment

from gimefive_jax.faces.found import FaceBox, FoundFace
from gimefive_jax.video.looks import Look, likeness
from gimefive_jax.video.smoothing import (
    BoxMotion,
    Keypoints,
    begin_motion,
    keypoints_of,
    smooth_box,
    smooth_keypoints,
)

# What no pair may cost; any number beyond the costs of pairs that may be.
_NEVER = 1e6


@dataclasses.dataclass(frozen=True)
class TrackRules:
    """How faces are followed. Lengths are in sides of the face, so resolution has no say."""

    max_distance: float = 0.75
    """Between where a face is expected and where one is found."""
    distance_per_second: float = 1.0
    """Added for each second since the face was seen, as it may have turned."""
    max_growth: float = 1.7
    """Factor between the sizes of a face in two frames that follow each other."""
    max_missed: float = 2.0
    """Seconds for which a face that is not found is expected to go on as it moved."""
    max_away: float = 60.0
    """Seconds after which a face that comes back is a new one."""
    min_likeness: float = 0.88
    """Between the looks of a face that comes back and of the one that left; see `looks`."""
    look_weight: float = 2.0
    """How much a difference in looks counts beside a distance."""


@dataclasses.dataclass(frozen=True)
class Track:
    """A face over the frames."""

    number: int
    """From 1, in the order in which faces appear."""
    motion: BoxMotion
    seen: float
    """When it was last found, in seconds."""
    look: Look | None = None
    """What it looks like; None where nobody told."""
    keypoints: Keypoints | None = None
    """Smoothed; None where the detector gives none."""

    def as_found(self, face: FoundFace) -> FoundFace:
        """Gives the face that was found, with the smoothed box and keypoints."""
        box = self.motion.box
        points = None if self.keypoints is None else self.keypoints.in_box(box)
        return dataclasses.replace(face, box=box, keypoints=points)


@dataclasses.dataclass(frozen=True)
class Tracks:
    """All faces that are followed, and those that left not long ago."""

    tracks: tuple[Track, ...] = ()
    next_number: int = 1

    def expected(self, time: float, *, rules: TrackRules | None = None) -> dict[int, FaceBox]:
        """Gives by number where each face that is followed should be at a time, in seconds."""
        rules = rules or TrackRules()
        return {
            track.number: track.motion.expected(time - track.seen)
            for track in self.tracks
            if time - track.seen <= rules.max_missed
        }


@dataclasses.dataclass(frozen=True, eq=False)
class Followed:
    """The faces of a frame, each with its track."""

    tracks: Tracks
    """For the next frame."""
    numbers: tuple[int, ...]
    """Track of each face, in the order of the faces."""
    faces: tuple[FoundFace, ...]
    """The faces with smoothed boxes."""


def follow(
    before: Tracks,
    faces: Sequence[FoundFace],
    time: float,
    *,
    looks: Sequence[Look] | None = None,
    rules: TrackRules | None = None,
) -> Followed:
    """Gives each face of a frame the number that it had in the frames before, or a new one.

    A face is the one that is expected nearest to it, over all faces at once. One that is not found
    for some frames goes on as it moved, so two that cross keep their numbers. One that left may
    come back anywhere, if it looks the same; this needs `looks`.

    Args:
      before: The tracks up to the frame before; `Tracks()` for the first frame.
      faces: The faces of this frame.
      time: Of this frame, in seconds; later than the frame before.
      looks: What each face looks like; see `looks.look_of`.
      rules: See `TrackRules`.

    Returns:
      A number and a smoothed box for each face, and the tracks for the next frame.

    Example:
      >>> first = follow(Tracks(), [FoundFace(FaceBox(0.0, 0.0, 90.0, 90.0), 0.9)], 0.0)
      >>> second = follow(first.tracks, [FoundFace(FaceBox(5.0, 0.0, 90.0, 90.0), 0.9)], 0.04)
      >>> first.numbers, second.numbers
      ((1,), (1,))
    """
    rules = rules or TrackRules()
    given: list[Look | None] = [None] * len(faces) if looks is None else list(looks)
    known = [track for track in before.tracks if time - track.seen <= rules.max_away]
    present = [track for track in known if time - track.seen <= rules.max_missed]
    found = _pairs(_costs(present, faces, given, time, rules))
    same = {face: present[i] for i, face in found.items()}
    away = [track for track in known if track not in same.values()]
    new = [face for face in range(len(faces)) if face not in same]
    back = _pairs(_unlikeness(away, [given[face] for face in new], rules))
    returned = {new[face]: away[i] for i, face in back.items()}
    number, seen = before.next_number, list[Track]()
    for i, (face, look) in enumerate(zip(faces, given, strict=True)):
        if i in same:
            seen.append(_moved(same[i], face, time, look))
        elif i in returned:
            seen.append(_begun(returned[i].number, face, time, look))
        else:
            seen.append(_begun(number, face, time, look))
            number += 1
    gone = [track for track in known if track.number not in {one.number for one in seen}]
    return Followed(
        tracks=Tracks((*seen, *gone), number),
        numbers=tuple(track.number for track in seen),
        faces=tuple(track.as_found(face) for face, track in zip(faces, seen, strict=True)),
    )


def _begun(number: int, face: FoundFace, time: float, look: Look | None) -> Track:
    """A face that was not there before, or did not come from where it was."""
    return Track(number, begin_motion(face.box), time, look, keypoints_of(face))


def _moved(track: Track, face: FoundFace, time: float, look: Look | None) -> Track:
    seconds = max(time - track.seen, 1e-3)
    if look is not None and track.look is not None:
        look = track.look.mixed_with(look)
    return Track(
        number=track.number,
        motion=smooth_box(track.motion, face.box, seconds),
        seen=time,
        look=look or track.look,
        keypoints=smooth_keypoints(track.keypoints, keypoints_of(face), seconds),
    )


def _costs(
    tracks: Sequence[Track],
    faces: Sequence[FoundFace],
    looks: Sequence[Look | None],
    time: float,
    rules: TrackRules,
) -> Float[np.ndarray, "track face"]:
    costs = np.full((len(tracks), len(faces)), _NEVER)
    for i, track in enumerate(tracks):
        missed = time - track.seen
        expected = track.motion.expected(missed)
        farthest = rules.max_distance + rules.distance_per_second * missed
        for j, face in enumerate(faces):
            distance, growth = _distance(expected, face.box), _growth(expected, face.box)
            if distance > farthest or growth > math.log(rules.max_growth):
                continue
            costs[i, j] = distance + growth + rules.look_weight * _difference(track.look, looks[j])
    return costs


def _unlikeness(
    tracks: Sequence[Track], looks: Sequence[Look | None], rules: TrackRules
) -> Float[np.ndarray, "track face"]:
    costs = np.full((len(tracks), len(looks)), _NEVER)
    for i, track in enumerate(tracks):
        for j, look in enumerate(looks):
            if track.look is not None and look is not None:
                likeness_of_both = likeness(track.look, look)
                if likeness_of_both >= rules.min_likeness:
                    costs[i, j] = 1 - likeness_of_both
    return costs


def _pairs(costs: Float[np.ndarray, "track face"]) -> dict[int, int]:
    """Number of the face by that of the track, the sum of all costs as small as can be."""
    rows, columns = linear_sum_assignment(costs)
    return {int(i): int(j) for i, j in zip(rows, columns, strict=True) if costs[i, j] < _NEVER}


def _distance(one: FaceBox, other: FaceBox) -> float:
    side = math.sqrt((one.area + other.area) / 2)
    return math.dist(one.centre, other.centre) / max(side, 1e-6)


def _growth(one: FaceBox, other: FaceBox) -> float:
    """Between the areas' roots, as the absolute logarithm of their factor."""
    return abs(math.log(max(one.area, 1e-6) / max(other.area, 1e-6))) / 2


def _difference(one: Look | None, other: Look | None) -> float:
    return 0.0 if one is None or other is None else 1 - likeness(one, other)
