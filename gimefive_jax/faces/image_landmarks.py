"""68 landmarks of faces that were found in images, by the face mesh."""

import math
from collections.abc import Sequence

import jax
import numpy as np

from gimefive_jax import parallel
from gimefive_jax.faces.found import AnyImage, FoundFace
from gimefive_jax.faces.mesh_landmarks import SCALE, Landmarks, Look, locate, look_by
from gimefive_jax.faces.squares import Squares
from gimefive_jax.faces.views import View, cut_view
from gimefive_jax.inference import Driver

# Around a face's box, over its longer side: the mesh's square turned by 45 degrees lies inside.
REGION = 2.2
# Side of a region in pixels: the mesh's square is about as wide as its input then.
REGION_SIDE = 288
_BATCH_SIZE = 8


def landmarks_of(
    images: Sequence[AnyImage],
    faces: Sequence[Sequence[FoundFace]],
    *,
    driver: Driver | None = None,
    look: Look | None = None,
    num_looks: int = 2,
) -> list[Landmarks]:
    """Finds 68 landmarks on each face that a detector found.

    The mesh looks at a square around the face's box in which the eyes are level, by the detector's
    keypoints; without keypoints the square is upright.

    Args:
      images: Red, green and blue images of any size.
      faces: The faces of each image.
      driver: Devices and batch size; by default all devices.
      look: What runs the mesh instead of a driver, such as `litert.look_by_litert`.
      num_looks: How often the mesh looks: after the first time at the square around the points that
        it found before.

    Returns:
      For each image a row for each of its faces, in pixels of the image.

    Example:
      >>> import numpy as np
      >>> found = landmarks_of([np.zeros((480, 640, 3), np.uint8)], [()])
      >>> found[0].points.shape
      (0, 68, 2)
    """
    views = [[_region(face) for face in found] for found in faces]
    regions = [
        cut_view(image, view, side=REGION_SIDE)
        for image, shown in zip(images, views, strict=True)
        for view in shown
    ]
    if not regions:
        return [_none() for _ in images]
    if look is None:
        driver = driver or Driver(parallel.make_mesh(), batch_size=_BATCH_SIZE, smaller=(1,))
        look = look_by(driver)
    squares = _squares([face for found in faces for face in found])
    located = locate(look, np.stack(regions), squares, num_looks=num_looks).landmarks()
    results, first = [], 0
    for shown in views:
        rows = slice(first, first + len(shown))
        results.append(_in_image(jax.tree.map(lambda leaf, rows=rows: leaf[rows], located), shown))
        first += len(shown)
    return results


def _region(face: FoundFace) -> View:
    """What is cut out of the image around a face."""
    x, y = face.box.centre
    side = REGION * max(face.box.width, face.box.height)
    return View(x - side / 2, y - side / 2, side)


def _squares(faces: Sequence[FoundFace]) -> Squares:
    """Where the mesh looks first, in the region of each face."""
    middle = np.full(2, REGION_SIDE / 2, np.float32)
    return Squares(
        centre=np.tile(middle, (len(faces), 1)),
        side=np.full(len(faces), SCALE / REGION * REGION_SIDE, np.float32),
        angle=np.array([_angle(face) for face in faces], np.float32),
    )


def _angle(face: FoundFace) -> float:
    """In radians, by which the line from the right eye to the left one goes down."""
    if face.keypoints is None:
        return 0.0
    across, down = (face.keypoints[1] - face.keypoints[0]).tolist()
    return math.atan2(down, across)


def _in_image(located: Landmarks, views: Sequence[View]) -> Landmarks:
    """Landmarks of regions as those of their image."""
    sides = np.array([view.side for view in views], np.float32).reshape(-1, 1, 1)
    corners = np.array([(view.left, view.top) for view in views], np.float32).reshape(-1, 1, 2)
    points = located.points * (sides / REGION_SIDE) + corners
    return Landmarks(points, located.found, located.confidence)


def _none() -> Landmarks:
    return Landmarks(np.zeros((0, 68, 2), np.float32), np.zeros(0, bool), np.zeros(0, np.float32))
