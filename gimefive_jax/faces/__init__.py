"""Where the parts of a face lie: 68 landmarks, soft regions, and the action units that show there.

>>> from gimefive_jax import faces
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
from gimefive_jax.faces.mesh_landmarks import Landmarks, landmarks
from gimefive_jax.faces.of_split import landmarks_folder, split_landmarks
from gimefive_jax.faces.region_columns import RegionColumns, share_name
from gimefive_jax.faces.region_sentence import region_sentence
from gimefive_jax.faces.regions import REGIONS, soft_masks
from gimefive_jax.faces.shares import region_areas, region_shares

__all__ = [
    "ACTION_UNITS",
    "EXPECTED_REGIONS",
    "REGIONS",
    "Landmarks",
    "RegionColumns",
    "action_unit_maps",
    "action_unit_shares",
    "correspondence",
    "expected_regions",
    "landmarks",
    "landmarks_folder",
    "region_areas",
    "region_sentence",
    "region_shares",
    "share_name",
    "soft_masks",
    "split_landmarks",
]
