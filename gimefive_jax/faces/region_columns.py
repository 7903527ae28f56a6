"""Shares of the regions of a face as columns of an export's manifest."""

import dataclasses

import numpy as np
from jaxtyping import Float, Int

from gimefive_jax.faces.mesh_landmarks import Landmarks
from gimefive_jax.faces.regions import REGIONS
from gimefive_jax.faces.shares import region_shares


def share_name(region: str) -> str:
    """Names the column of a region's share of the mass: `share_mouth`.

    Args:
      region: One of `REGIONS`.

    Returns:
      The name, before a colon and the map in a manifest.
    """
    return f"share_{region}"


@dataclasses.dataclass(frozen=True, eq=False)
class RegionColumns:
    """Shares of each map's positive mass on the regions of its face; NaN without landmarks.

    `Classifier.export_explanations` takes it as one of its `measures`.

    Args:
      landmarks: Of the faces of the export, in their order.
      side: Side of the faces in pixels.
    """

    landmarks: Landmarks
    side: int

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns: `share_brows`, ..., `share_rest`."""
        return tuple(map(share_name, REGIONS))

    def __call__(
        self, rows: Int[np.ndarray, " map"], heat_maps: Float[np.ndarray, "map rows columns"]
    ) -> Float[np.ndarray, "map region"]:
        """Computes the shares of some maps.

        Args:
          rows: Row of each map's face among the faces of the export.
          heat_maps: Raw, signed maps.

        Returns:
          A share for each region, from 0 to 1.
        """
        shares = np.full((len(rows), len(REGIONS)), np.nan, np.float32)
        found = self.landmarks.found[rows]
        if found.any():
            points = self.landmarks.points[rows][found]
            shares[found] = region_shares(heat_maps[found], points, side=self.side)
        return shares
