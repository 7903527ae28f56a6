"""Boxes around the eyes and the mouth of faces."""

import numpy as np
from jaxtyping import Float

from gimefive_jax.faces.mesh_landmarks import Landmarks
from gimefive_jax.faces.regions import DILATION

_EYES, _MOUTH = slice(36, 48), slice(48, 68)


def eyes_and_mouth(found: Landmarks, *, side: int) -> Float[np.ndarray, "face 2 4"] | None:
    """Gives the boxes of eyes and mouth, widened by 3 pixels of a face of 64.

    Args:
      found: Landmarks of the faces.
      side: Side of the faces, in pixels.

    Returns:
      Left, top, right and bottom of both eyes together and of the mouth, in pixels of the face,
      `[face, 2, 4]`. A face without landmarks gets the mean boxes of the others; None where no face
      has any.

    Example:
      >>> points = np.full((1, 68, 2), 32, np.float32)
      >>> one = Landmarks(points, np.ones(1, bool), np.ones(1, np.float32))
      >>> eyes_and_mouth(one, side=64)[0, 0].tolist()
      [29.0, 29.0, 35.0, 35.0]
    """
    if not found.found.any():
        return None
    parts = [found.points[:, part] for part in (_EYES, _MOUTH)]
    margin = DILATION * side
    boxes = np.stack(
        [np.concatenate([one.min(1) - margin, one.max(1) + margin], axis=1) for one in parts],
        axis=1,
    )
    return np.where(found.found[:, None, None], boxes, boxes[found.found].mean(0))
