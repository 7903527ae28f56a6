"""Where faces are in images, and where their parts lie: boxes, 68 landmarks, soft regions.

>>> from gimefive_jax import faces
>>> find_faces = faces.make_detector()
>>> [found] = find_faces([photo])
>>> crops = np.stack([faces.cut_face(photo, faces.crop_of(face), 64) for face in found])
>>> found = faces.landmarks(crops)
>>> faces.region_shares(heat_maps[found.found], found.points[found.found], side=64)
"""

from gimefive_jax.faces.action_units import (
    ACTION_UNITS,
    EXPECTED_REGIONS,
    action_unit_maps,
    action_unit_shares,
    correspondence,
    expected_regions,
)
from gimefive_jax.faces.crops import crop_of, cut_face
from gimefive_jax.faces.detectors import DetectorName, make_detector
from gimefive_jax.faces.dlib_landmarks import dlib_landmarks_of
from gimefive_jax.faces.found import FaceBox, FaceDetector, FoundFace
from gimefive_jax.faces.image_landmarks import landmarks_of
from gimefive_jax.faces.mesh_landmarks import Landmarks, landmarks
from gimefive_jax.faces.of_split import landmarks_folder, split_landmarks
from gimefive_jax.faces.part_boxes import eyes_and_mouth
from gimefive_jax.faces.region_columns import RegionColumns, share_name
from gimefive_jax.faces.region_sentence import region_sentence
from gimefive_jax.faces.regions import REGIONS, soft_masks
from gimefive_jax.faces.shares import region_areas, region_shares

__all__ = [
    "ACTION_UNITS",
    "EXPECTED_REGIONS",
    "REGIONS",
    "DetectorName",
    "FaceBox",
    "FaceDetector",
    "FoundFace",
    "Landmarks",
    "RegionColumns",
    "action_unit_maps",
    "action_unit_shares",
    "correspondence",
    "crop_of",
    "cut_face",
    "dlib_landmarks_of",
    "expected_regions",
    "eyes_and_mouth",
    "landmarks",
    "landmarks_folder",
    "landmarks_of",
    "make_detector",
    "region_areas",
    "region_sentence",
    "region_shares",
    "share_name",
    "soft_masks",
    "split_landmarks",
]
