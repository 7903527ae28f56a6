"""Faces with what of their images is classified, and the landmarks on them."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

from gimefive_jax.faces import Landmarks, landmarks
from gimefive_jax.faces.found import FaceBox, FoundFace
from gimefive_jax.faces.image_landmarks import landmarks_of
from gimefive_jax.faces.mesh_landmarks import Look
from gimefive_jax.inference import Driver


@dataclasses.dataclass(frozen=True, eq=False)
class FaceCrop:
    """A face, the image that it is in, and what of it is classified."""

    image: UInt8[np.ndarray, "height width 3"]
    face: FoundFace
    crop: FaceBox


def find_landmarks(
    shown: Sequence[FaceCrop],
    pixels: UInt8[np.ndarray, "face side side 3"],
    *,
    driver: Driver,
    look: Look | None = None,
    num_looks: int = 2,
) -> Landmarks:
    """Finds 68 landmarks on each face.

    A face whose eyes the detector has found is looked at in its image, as large and as level as the
    mesh wants it. Of another one the crop is known alone, so it is looked at as a crop.

    Args:
      shown: The faces.
      pixels: Of their crops.
      driver: Devices and batch size.
      look: What runs the mesh instead of a driver.
      num_looks: How often the mesh looks at a face whose eyes are known; see `landmarks_of`.

    Returns:
      A row for each face, in pixels of its image.
    """
    count, side = len(shown), pixels.shape[1]
    with_eyes = np.array([one.face.keypoints is not None for one in shown])
    points = np.zeros((count, 68, 2), np.float32)
    found, confidence = np.zeros(count, bool), np.zeros(count, np.float32)
    [rows] = np.nonzero(with_eyes)
    some = [shown[row] for row in rows.tolist()]
    located = landmarks_of(
        [one.image for one in some],
        [[one.face] for one in some],
        driver=driver,
        look=look,
        num_looks=num_looks,
    )
    for row, one in zip(rows.tolist(), located, strict=True):
        points[row], found[row], confidence[row] = one.points[0], one.found[0], one.confidence[0]
    [rows] = np.nonzero(~with_eyes)
    if len(rows):
        seen = landmarks(pixels[rows], driver=driver, look=look)
        found[rows], confidence[rows] = seen.found, seen.confidence
        for row, of_crop in zip(rows.tolist(), seen.points, strict=True):
            points[row] = from_crop(of_crop, shown[row].crop, side)
    return Landmarks(points=points, found=found, confidence=confidence)


def from_crop(
    points: Float[np.ndarray, "point 2"], crop: FaceBox, side: int
) -> Float[np.ndarray, "point 2"]:
    """Gives points of a crop of so many pixels a side in pixels of the image."""
    scale = np.array([crop.width, crop.height], np.float32) / side
    return points * scale + np.array([crop.left, crop.top], np.float32)


def into_crop(
    points: Float[np.ndarray, "point 2"], crop: FaceBox, side: int
) -> Float[np.ndarray, "point 2"]:
    """Gives points of an image in pixels of its crop, which has so many a side."""
    scale = side / np.array([crop.width, crop.height], np.float32)
    return (points - np.array([crop.left, crop.top], np.float32)) * scale
