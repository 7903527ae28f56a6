"""The faces of frames that follow each other: found, followed, and looked for where expected."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
from jaxtyping import Float, UInt8

from gimefive_jax.faces.found import FaceBox, FaceDetector, FoundFace
from gimefive_jax.video.between import between
from gimefive_jax.video.looks import look_of
from gimefive_jax.video.tracks import Followed, Tracks, follow

Image = UInt8[np.ndarray, "height width 3"]
# Sides of the square in which a face is looked for where it is expected, in sides of the face.
_AROUND = 3.0
# In seconds: from one look at the whole frame to the next, and from one search to the next.
_QUICK_SECONDS, _SEARCH_SECONDS = Fraction(1, 10), 3
# From this overlap on, two boxes are of one face.
_SAME = 0.3


@dataclasses.dataclass(frozen=True, eq=False)
class FaceFinder:
    """Finds and follows the faces of a clip.

    Every so many frames the whole frame is searched for small faces too. Between, `quick` looks at
    frames that lie close together; where two of these show the same faces, they lie in between in
    the frames between. A face that `quick` misses is looked for where it should be.

    Args:
      search: Finds faces of any size.
      quick: Finds large faces at less cost; None searches every frame.
      quick_every: At most so many frames from one look of `quick` to the next; 0 looks at least
        ten times a second.
      search_every: Frames from one search to the next; 0 searches every three seconds.
      one_face: Whether only the largest face of each frame counts.
      description: What the detectors are, so that unfinished work goes on with the same.
    """

    search: FaceDetector
    quick: FaceDetector | None = None
    quick_every: int = 0
    search_every: int = 0
    one_face: bool = False
    description: str = "own detector"

    def at_rate(self, rate: Fraction) -> "FaceFinder":
        """Gives the finder for so many frames per second."""
        return dataclasses.replace(
            self,
            quick_every=self.quick_every or max(1, int(_QUICK_SECONDS * rate)),
            search_every=self.search_every or max(1, round(_SEARCH_SECONDS * rate)),
        )

    def find(
        self,
        images: Sequence[Image],
        numbers: Sequence[int],
        times: Sequence[float],
        tracks: Tracks,
    ) -> list[Followed]:
        """Finds the faces of some frames.

        Args:
          images: RGB frames that follow each other.
          numbers: Of the frames, from 0.
          times: Of the frames, in seconds.
          tracks: Up to the frame before.

        Returns:
          For each frame its faces with their tracks.
        """
        results = []
        found = self._look(images, numbers)
        for image, number, time, faces in zip(images, numbers, times, found, strict=True):
            if not self._is_searched(number):
                faces = (*faces, *self._look_where_expected(image, faces, tracks.expected(time)))
            if self.one_face and faces:
                faces = (max(faces, key=lambda face: face.box.area),)
            looks = [look_of(image, face.box) for face in faces]
            results.append(follow(tracks, faces, time, looks=looks))
            tracks = results[-1].tracks
        return results

    def _is_searched(self, number: int) -> bool:
        return self.quick is None or number % max(1, self.search_every) == 0

    def _look(self, images: Sequence[Image], numbers: Sequence[int]) -> list[tuple[FoundFace, ...]]:
        """What is found in each frame, or lies between what is found around it."""
        count = len(images)
        searched = [i for i in range(count) if self._is_searched(numbers[i])]
        found = _detected(self.search, images, searched)
        if self.quick is None:
            return [found[i] for i in range(count)]
        chosen = {*range(0, count, max(1, self.quick_every)), count - 1} - set(searched)
        found |= _detected(self.quick, images, sorted(chosen))
        known = sorted(found)
        for before, after in itertools.pairwise(known):
            for i in range(before + 1, after):
                share = (i - before) / (after - before)
                faces = between(found[before], found[after], share)
                if faces is not None:
                    found[i] = faces
        rest = [i for i in range(count) if i not in found]
        found |= _detected(self.quick, images, rest)
        return [found[i] for i in range(count)]

    def _look_where_expected(
        self, image: Image, faces: Sequence[FoundFace], expected: Mapping[int, FaceBox]
    ) -> list[FoundFace]:
        """Faces that were missed: each is larger in a square around it than in the frame."""
        missing = [
            box for box in expected.values() if all(face.box.overlap(box) < _SAME for face in faces)
        ]
        squares = [square for box in missing if (square := _square_around(box, image)) is not None]
        if not squares or self.quick is None:
            return []
        more = list[FoundFace]()
        looks = self.quick([image[top:bottom, left:right] for left, top, right, bottom in squares])
        for square, candidates in zip(squares, looks, strict=True):
            moved = [_moved(face, square[0], square[1]) for face in candidates]
            more += [
                face
                for face in moved
                if any(face.box.overlap(box) >= _SAME for box in missing)
                and all(face.box.overlap(other.box) < _SAME for other in (*faces, *more))
            ]
        return more


def _detected(
    detector: FaceDetector, images: Sequence[Image], chosen: Sequence[int]
) -> dict[int, tuple[FoundFace, ...]]:
    """The faces of some of the images, by their places."""
    if not chosen:
        return {}
    return dict(zip(chosen, detector([images[i] for i in chosen]), strict=True))


def _square_around(box: FaceBox, image: Image) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom, inside the image; None where nothing of it is."""
    reach = _AROUND * max(box.width, box.height) / 2
    x, y = box.centre
    height, width = image.shape[:2]
    left, top = int(max(x - reach, 0)), int(max(y - reach, 0))
    right, bottom = int(min(x + reach, width)), int(min(y + reach, height))
    # Fewer pixels show no face.
    return (left, top, right, bottom) if min(right - left, bottom - top) >= 16 else None


def _moved(face: FoundFace, left: int, top: int) -> FoundFace:
    box = face.box
    keypoints: Float[np.ndarray, "6 2"] | None = face.keypoints
    return dataclasses.replace(
        face,
        box=dataclasses.replace(box, left=box.left + left, top=box.top + top),
        keypoints=None if keypoints is None else keypoints + np.array([left, top], np.float32),
    )
