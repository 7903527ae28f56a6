"""The faces of a frame from those of the frames around it."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from gimefive_jax.faces.found import FaceBox, FoundFace

# A face that moved further, over its own size, is looked for instead.
_LEAST_OVERLAP = 0.5


def between(
    before: Sequence[FoundFace], after: Sequence[FoundFace], share: float
) -> tuple[FoundFace, ...] | None:
    """Gives the faces of a frame that lies between two in which the same faces were found.

    Args:
      before: Of the frame before, in any order.
      after: Of the frame after.
      share: Where the frame lies: 0 at the one before, 1 at the one after.

    Returns:
      Faces whose boxes, keypoints and scores lie between, in the order of `before`; None where the
      two frames do not show the same faces at nearly the same places.

    Example:
      >>> faces = [FoundFace(FaceBox(left, 0.0, 90.0, 90.0), 0.9) for left in (10.0, 20.0)]
      >>> [found] = between(faces[:1], faces[1:], 0.5)
      >>> found.box.left
      15.0
    """
    if len(before) != len(after):
        return None
    left, found = list(after), list[FoundFace]()
    for face in before:
        same = max(left, key=lambda one: face.box.overlap(one.box))
        if face.box.overlap(same.box) < _LEAST_OVERLAP:
            return None
        left.remove(same)
        found.append(_mixed(face, same, share))
    return tuple(found)


def _mixed(before: FoundFace, after: FoundFace, share: float) -> FoundFace:
    sides = [
        (1 - share) * one + share * other
        for one, other in zip(_sides(before.box), _sides(after.box), strict=True)
    ]
    points = None
    if before.keypoints is not None and after.keypoints is not None:
        points = (1 - share) * before.keypoints + share * after.keypoints
        points = points.astype(np.float32)
    score = (1 - share) * before.score + share * after.score
    return dataclasses.replace(before, box=FaceBox(*sides), score=score, keypoints=points)


def _sides(box: FaceBox) -> tuple[float, float, float, float]:
    return box.left, box.top, box.width, box.height
