"""Measured values by face, before they are summed up: a row per face of the split."""

import dataclasses
from collections.abc import Mapping
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

Kind = Literal["method", "baseline"]


@dataclasses.dataclass(frozen=True, order=True)
class MapKey:
    """Names one kind of map: a method at a layer, or a baseline on a grid."""

    method: str
    layer: str
    kind: Kind = "method"

    @property
    def part(self) -> str:
        """Begins the names of its steps: `hirescam.block5-activation`."""
        return f"{self.method}.{self.layer}"


@dataclasses.dataclass(frozen=True, eq=False)
class Answers:
    """What the network says of each face of a split."""

    predicted: Int[np.ndarray, " face"]
    """Label of the category that is explained."""
    label: Int[np.ndarray, " face"]
    probability: Float[np.ndarray, " face"]
    """Of the predicted category, from 0 to 1."""

    @property
    def correct(self) -> Bool[np.ndarray, " face"]:
        """Whether each face is predicted rightly."""
        return self.predicted == self.label


@dataclasses.dataclass(frozen=True, eq=False)
class Maps:
    """Maps of some faces."""

    key: MapKey
    rows: Int[np.ndarray, " row"]
    """Which faces of the split."""
    heat_map: Float[np.ndarray, "row height width"]
    """Raw, signed where the method is."""

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of a map."""
        return int(self.heat_map.shape[1]), int(self.heat_map.shape[2])

    def of(self, rows: Int[np.ndarray, " row"]) -> Float[np.ndarray, "row height width"]:
        """Gives the maps of some faces.

        Args:
          rows: Faces of the split that have a map here, in ascending order.

        Returns:
          Their maps.

        Raises:
          KeyError: A face has no map here.
        """
        places = np.searchsorted(self.rows, rows)
        found = self.rows[np.minimum(places, len(self.rows) - 1)]
        if not np.array_equal(found, rows):
            raise KeyError(f"{self.key} has no map of every face asked for")
        return self.heat_map[places]


class ValueTable:
    """Values by map and metric, NaN for faces that were not measured."""

    def __init__(self, num_faces: int) -> None:
        self.num_faces = num_faces
        self.columns: dict[MapKey, dict[str, Float[np.ndarray, " face"]]] = {}
        self.curves: dict[MapKey, dict[str, Float[np.ndarray, " step"]]] = {}

    def add(
        self, key: MapKey, rows: Int[np.ndarray, " row"], found: Mapping[str, np.ndarray]
    ) -> None:
        """Enters the values of some faces.

        Args:
          key: Of the maps.
          rows: Faces of the split.
          found: By metric: a value per face, NaN where it has none, or a curve per face, of which
            the mean is kept.
        """
        for name, values in found.items():
            if values.ndim == 2:
                self.curves.setdefault(key, {})[name] = values.mean(0)
                continue
            column = np.full(self.num_faces, np.nan)
            column[rows] = values
            self.columns.setdefault(key, {})[name] = column

    def column(self, key: MapKey, metric: str) -> Float[np.ndarray, " face"] | None:
        """Gives the values of a metric; None where it was not measured."""
        return self.columns.get(key, {}).get(metric)
