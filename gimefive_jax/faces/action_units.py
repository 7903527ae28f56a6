"""Action units of an expression, the regions they show in, and what the paper expects."""

from collections.abc import Mapping
from types import MappingProxyType

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gimefive_jax.errors import InputError
from gimefive_jax.faces.regions import REGIONS, soft_masks
from gimefive_jax.structs import AnyArray

UNIT_REGIONS: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {
        1: ("brows",),
        2: ("brows",),
        4: ("brows",),
        5: ("eyes",),
        6: ("cheeks", "eyes"),
        7: ("eyes",),
        9: ("nose",),
        12: ("mouth",),
        15: ("mouth",),
        16: ("mouth",),
        20: ("mouth",),
        23: ("mouth",),
        26: ("mouth",),
    }
)
"""Where an action unit shows: 1 and 2 raise the brows, 4 lowers them, 5 raises the upper lid, 6 the
cheek, 7 tightens the lids, 9 wrinkles the nose, the others move the mouth."""

ACTION_UNITS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "happiness": (6, 12),
        "surprise": (1, 2, 5, 26),
        "sadness": (1, 4, 15),
        "anger": (4, 5, 7, 23),
        "disgust": (9, 15, 16),
        "fear": (1, 2, 4, 5, 7, 20, 26),
    }
)
"""Action units of each category (Ekman and Friesen's FACS)."""

_WHOLE_FACE = tuple(region for region in REGIONS if region != "rest")
EXPECTED_REGIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "happiness": ("mouth",),
        "surprise": ("eyes", "brows"),
        "sadness": ("mouth",),
        "anger": _WHOLE_FACE,
        "disgust": _WHOLE_FACE,
        "fear": _WHOLE_FACE,
    }
)
"""Where the paper GiMeFive says that the evidence of each category lies."""


def expected_regions(emotion: str) -> tuple[str, ...]:
    """Gives the regions in which the paper sees the evidence of a category.

    Args:
      emotion: One of the paper's six categories.

    Returns:
      Names of `REGIONS`; all but the rest where the paper names the whole face.

    Raises:
      InputError: The paper says nothing of the category.

    Example:
      >>> expected_regions("surprise")
      ('eyes', 'brows')
    """
    return EXPECTED_REGIONS[_known(emotion)]


def action_unit_shares(emotion: str) -> Float[np.ndarray, " region"]:
    """Computes which share of a category's action units shows in each region.

    Every unit counts alike; one that shows in two regions is divided between them.

    Args:
      emotion: One of the paper's six categories.

    Returns:
      Shares in the order of `REGIONS`; they sum to 1.

    Raises:
      InputError: No action units are known for the category.

    Example:
      >>> dict(zip(REGIONS, action_unit_shares("happiness").tolist()))["mouth"]
      0.5
    """
    units = ACTION_UNITS[_known(emotion)]
    shares = np.zeros(len(REGIONS))
    for unit in units:
        regions = UNIT_REGIONS[unit]
        for region in regions:
            shares[REGIONS.index(region)] += 1 / len(units) / len(regions)
    return shares


def action_unit_maps(
    points: Float[AnyArray, "face point 2"], emotion: str, side: int
) -> Float[Array, "face {side} {side}"]:
    """Computes maps that a category's action units would give: where its expression shows.

    Args:
      points: x and y of 68 landmarks in pixels of the face, as for `soft_masks`.
      emotion: One of the paper's six categories.
      side: Side of the face and of the maps, in pixels.

    Returns:
      Maps of at least 0 that sum to 1: on each region its `action_unit_shares`, evenly spread. A
      region that lies outside the image gives its share to none.

    Raises:
      InputError: No action units are known for the category.
    """
    masks = soft_masks(points, side)
    total = jnp.zeros((len(points), side, side), jnp.float32)
    for region, share in zip(REGIONS, action_unit_shares(emotion).tolist(), strict=True):
        area = masks[region].sum((1, 2), keepdims=True)
        total += share * masks[region] / jnp.maximum(area, 1e-6)
    return total / jnp.maximum(total.sum((1, 2), keepdims=True), 1e-6)


def correspondence(
    shares: Float[np.ndarray, "face region"], emotion: str
) -> Float[np.ndarray, " face"]:
    """Computes how far the regions of a map are those that a category's action units move.

    Args:
      shares: Mass of each face's map on each region, in the order of `REGIONS`.
      emotion: One of the paper's six categories.

    Returns:
      Cosine of the shares with `action_unit_shares`, from 0 to 1; 0 where all shares are 0.

    Raises:
      InputError: No action units are known for the category.

    Example:
      >>> import numpy as np
      >>> all_on_the_mouth = np.eye(len(REGIONS))[[REGIONS.index("mouth")]]
      >>> correspondence(all_on_the_mouth, "happiness").round(3).tolist()
      [0.816]
    """
    units = action_unit_shares(emotion)
    lengths = np.linalg.norm(shares, axis=1) * np.linalg.norm(units)
    return np.divide(shares @ units, lengths, out=np.zeros(len(shares)), where=lengths > 0)


def _known(emotion: str) -> str:
    if emotion not in ACTION_UNITS:
        raise InputError(
            f"no action units are known for '{emotion}'; they are for {', '.join(ACTION_UNITS)}"
        )
    return emotion
