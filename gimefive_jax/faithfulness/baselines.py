"""Maps that know nothing of the network, on the grid of those that do."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Int

from gimefive_jax.explanation.faithfulness.baselines import baseline_maps as _chance
from gimefive_jax.explanation.faithfulness.baselines import class_mean
from gimefive_jax.faithfulness.plan import PlannedMaps
from gimefive_jax.faithfulness.setting import Setting
from gimefive_jax.faithfulness.values import MapKey, Maps

RANDOM, UNIFORM, GAUSSIAN, EDGES, CLASS_MEAN = (
    "random", "uniform", "centre_gaussian", "edges", "class_mean",
)  # fmt: skip
TITLES = {
    RANDOM: "random map",
    UNIFORM: "uniform map",
    GAUSSIAN: "centre Gaussian",
    EDGES: "Sobel edges",
    CLASS_MEAN: "mean map of the category",
}
# Enough to say what chance is; the rest of a table's baselines are measured on fewer faces.
_MEASURED_LIKE_METHODS = (RANDOM, GAUSSIAN, CLASS_MEAN)


@dataclasses.dataclass(frozen=True, eq=False)
class Baseline:
    """Baseline maps, and how many of their faces are perturbed."""

    maps: Maps
    planned: PlannedMaps


def grid_name(grid: tuple[int, int]) -> str:
    """Names a grid: `4x4`."""
    return f"{grid[0]}x{grid[1]}"


def baselines_of(maps: Maps) -> dict[str, MapKey]:
    """Names the baselines that some maps are compared with: those on the same grid.

    Args:
      maps: Of a method.
    """
    grid = grid_name(maps.grid)
    named = {name: MapKey(name, grid, "baseline") for name in (RANDOM, UNIFORM, GAUSSIAN, EDGES)}
    return {**named, CLASS_MEAN: _class_mean_key(maps.key)}


def baseline_maps(setting: Setting, found: Sequence[Maps]) -> Iterator[Baseline]:
    """Gives the baselines of some maps: one of each kind per grid, and the mean of each method.

    Args:
      setting: Model and faces.
      found: Maps of methods.
    """
    rows_of: dict[tuple[int, int], Int[np.ndarray, " row"]] = {}
    for maps in found:
        # The largest set of faces that any method explains on this grid.
        if len(maps.rows) > len(rows_of.get(maps.grid, ())):
            rows_of[maps.grid] = maps.rows
    for grid, rows in rows_of.items():
        split = setting.split
        for name, drawn in _chance(split.images[rows], split.index[rows], grid).items():
            key = MapKey(name, grid_name(grid), "baseline")
            maps = Maps(key, rows, drawn.astype(np.float32))
            few = name not in _MEASURED_LIKE_METHODS
            yield Baseline(maps, PlannedMaps(key.method, key.layer, on_few_faces=few))
    for maps in found:
        means = class_mean(maps.heat_map, setting.answers.predicted[maps.rows])
        key = _class_mean_key(maps.key)
        of_class = Maps(key, maps.rows, means.astype(np.float32))
        yield Baseline(of_class, PlannedMaps(key.method, key.layer))


def class_mean_layer(method: str, layer: str) -> str:
    """Names what stands for the layer of a category's mean map: `hirescam of block5/activation`.

    Args:
      method: Of the maps that it is the mean of.
      layer: Theirs.
    """
    return f"{method} of {layer}"


def _class_mean_key(key: MapKey) -> MapKey:
    return MapKey(CLASS_MEAN, class_mean_layer(key.method, key.layer), "baseline")
