"""Where the parts of a face lie: regions, and the action units that show in them."""

from gimefive_jax.faces.action_units import (
    ACTION_UNITS,
    EXPECTED_REGIONS,
    action_unit_maps,
    action_unit_shares,
    correspondence,
    expected_regions,
)
from gimefive_jax.faces.regions import REGIONS, soft_masks

__all__ = [
    "ACTION_UNITS",
    "EXPECTED_REGIONS",
    "REGIONS",
    "action_unit_maps",
    "action_unit_shares",
    "correspondence",
    "expected_regions",
    "soft_masks",
]
