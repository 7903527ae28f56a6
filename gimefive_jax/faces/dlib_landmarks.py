"""68 landmarks by dlib's shape predictor, for comparison with work that used it."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
from jaxtyping import Float

from gimefive_jax.errors import InputError, missing_extra
from gimefive_jax.faces.found import AnyImage, FaceBox, FoundFace
from gimefive_jax.faces.mesh_landmarks import Landmarks
from gimefive_jax.faces.regions import NUM_LANDMARKS


def dlib_landmarks_of(
    images: Sequence[AnyImage], faces: Sequence[Sequence[FoundFace]], *, model: Path
) -> list[Landmarks]:
    """Finds 68 landmarks on each face that a detector found, by dlib.

    The usual model, `shape_predictor_68_face_landmarks.dat`, was trained on iBUG 300-W, which
    excludes commercial use. So it is not shipped; Debian's package `libdlib-data` has it.

    Args:
      images: Red, green and blue images of any size.
      faces: The faces of each image.
      model: File of a shape predictor of 68 points.

    Returns:
      For each image a row for each of its faces, in pixels of the image. dlib places points in any
      box and does not say whether there is a face: every face counts as found, with confidence 1.

    Raises:
      InputError: dlib is missing, or the file is no such model.

    References:
      Kazemi and Sullivan, 2014, https://doi.org/10.1109/CVPR.2014.241
    """
    dlib = _dlib()
    try:
        predictor = dlib.shape_predictor(str(model))
    except RuntimeError as error:
        raise InputError(
            f"{model} is no shape predictor that dlib can read ({error}); give the path of "
            "shape_predictor_68_face_landmarks.dat"
        ) from error

    def points_of(image: AnyImage, box: FaceBox) -> Float[np.ndarray, "point 2"]:
        corners = (box.left, box.top, box.left + box.width - 1, box.top + box.height - 1)
        shape = predictor(np.ascontiguousarray(image), dlib.rectangle(*map(round, corners)))
        if shape.num_parts != NUM_LANDMARKS:
            raise InputError(f"{model} gives {shape.num_parts} points; it must give 68")
        # dlib counts from the middle of the first pixel.
        return np.array([[part.x, part.y] for part in shape.parts()], np.float32) + 0.5

    results = []
    for image, found in zip(images, faces, strict=True):
        points = [points_of(image, face.box) for face in found]
        results.append(
            Landmarks(
                points=np.array(points, np.float32).reshape(-1, NUM_LANDMARKS, 2),
                found=np.ones(len(points), bool),
                confidence=np.ones(len(points), np.float32),
            )
        )
    return results


def _dlib() -> ModuleType:
    try:
        import dlib
    except ImportError as error:
        raise missing_extra("these landmarks", "dlib", "dlib") from error
    return dlib
