"""How much of a heat map lies on a mask: one definition for planted evidence and for face regions.

A map's mass is its positive part over the sum of it; each cell of the map is enlarged to the pixels
of the mask by nearest neighbour. Masks are hard (True, False) or soft (0 to 1). All functions take
numpy arrays, computed in float64, or jax arrays, also inside of a program.
"""

from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Shaped

from gimefive_jax.errors import InputError
from gimefive_jax.structs import AnyArray

HeatMap = Shaped[AnyArray, "batch rows columns"]
Mask = Shaped[AnyArray, "batch height width"]
PerFace = Float[AnyArray, " batch"]


def as_mass(heat_map: HeatMap) -> Float[AnyArray, "batch rows columns"]:
    """Gives maps as shares of their positive mass: no cell is negative, and each map sums to 1.

    Args:
      heat_map: Signed maps, `[batch, rows, columns]`. One without a positive cell, or with a value
        that is no finite number, counts as uniform.

    Returns:
      Shares from 0 to 1, of the same shape.

    Example:
      >>> as_mass(np.array([[[3.0, -2.0], [1.0, 0.0]]])).tolist()
      [[[0.75, 0.0], [0.25, 0.0]]]
    """
    xp = _module_of(heat_map)
    positive = xp.maximum(_as_float(heat_map), 0)
    peak = positive.max((1, 2), keepdims=True)
    shows = xp.isfinite(peak) & (peak > 0)
    # Over the peak first: the sum of a map of very small or very large values stays a number.
    scaled = xp.where(shows, positive, 1) / xp.where(shows, peak, 1)
    return scaled / scaled.sum((1, 2), keepdims=True)


def mass_on(heat_map: HeatMap, mask: Mask) -> PerFace:
    """Computes the mass share: how much of each map's positive mass lies on its mask.

    Args:
      heat_map: Signed maps, `[batch, rows, columns]`; see `as_mass`.
      mask: `[batch, height, width]`, True or 1 where all of a pixel counts, False or 0 where
        nothing does; at least as fine as the maps.

    Returns:
      Shares from 0 to 1, `[batch]`. A uniform map reaches `area_share(mask)`.

    Raises:
      InputError: If a map is finer than its mask.

    Example:
      >>> heat_map = np.array([[[3.0, -2.0], [1.0, 0.0]]])
      >>> top = np.array([[[True, True], [False, False]]])
      >>> mass_on(heat_map, top).tolist(), enrichment(heat_map, top).tolist()
      ([0.75], [1.5])
    """
    mass = as_mass(heat_map)
    in_cell = _mask_in_cells(mask, heat_map.shape[1:])
    return (mass * in_cell).sum((1, 2)) / (mass * _pixels_in_cells(mask, heat_map)).sum((1, 2))


def area_share(mask: Mask) -> PerFace:
    """Computes which share of the face each mask covers, from 0 to 1: what a uniform map reaches.

    Args:
      mask: `[batch, height, width]`, hard or soft.

    Returns:
      Shares, `[batch]`.
    """
    return _as_float(mask).mean((1, 2))


def enrichment(heat_map: HeatMap, mask: Mask) -> PerFace:
    """Computes how many times more mass lies on a mask than a uniform map would put there.

    Args:
      heat_map: Signed maps, `[batch, rows, columns]`; see `as_mass`.
      mask: `[batch, height, width]`, hard or soft.

    Returns:
      `mass_on / area_share`, `[batch]`: 1 for a uniform map, at least 0. It is 0 where the mask is
      empty, as nothing can lie there.

    Raises:
      InputError: If a map is finer than its mask.
    """
    xp, area = _module_of(mask), area_share(mask)
    return xp.where(area > 0, mass_on(heat_map, mask) / xp.where(area > 0, area, 1), 0)


def pointing_game(heat_map: HeatMap, mask: Mask) -> PerFace:
    """Tells whether the strongest cell of each map lies on its mask.

    A cell of several pixels counts by the share of them that the mask covers; cells of equal
    strength count by their mean. So a uniform map reaches `area_share(mask)`.

    Args:
      heat_map: Signed maps, `[batch, rows, columns]`; see `as_mass`.
      mask: `[batch, height, width]`, hard or soft.

    Returns:
      From 0 (beside the mask) to 1 (on it), `[batch]`.

    Raises:
      InputError: If a map is finer than its mask.

    References:
      Zhang et al., 2016, https://arxiv.org/abs/1608.00507 (there with a margin of 15 pixels)
    """
    mass = as_mass(heat_map)
    strongest = mass == mass.max((1, 2), keepdims=True)
    return mass_on(_as_float(strongest), mask)


def best_cell(mask: Mask, grid: tuple[int, ...]) -> PerFace:
    """Computes the largest mass share that any map on a grid can reach: all mass in one cell.

    Args:
      mask: `[batch, height, width]`, hard or soft.
      grid: Rows and columns of the maps.

    Returns:
      Shares from 0 to 1, `[batch]`.

    Raises:
      InputError: If the grid is finer than the mask.
    """
    in_row, in_column = _cells(mask, grid)
    return (_mask_in_cells(mask, grid) / np.outer(in_row.sum(1), in_column.sum(1))).max((1, 2))


def _mask_in_cells(mask: Mask, grid: tuple[int, ...]) -> Float[AnyArray, "batch rows columns"]:
    """Sum of the mask over the pixels of each cell."""
    in_row, in_column = _cells(mask, grid)
    return in_row @ _as_float(mask) @ in_column.T


def _pixels_in_cells(mask: Mask, heat_map: HeatMap) -> Float[np.ndarray, "rows columns"]:
    in_row, in_column = _cells(mask, heat_map.shape[1:])
    return np.outer(in_row.sum(1), in_column.sum(1))


def _cells(
    mask: Mask, grid: tuple[int, ...]
) -> tuple[Float[np.ndarray, "rows height"], Float[np.ndarray, "columns width"]]:
    if grid[0] > mask.shape[1] or grid[1] > mask.shape[2]:
        raise InputError(
            f"a map of {tuple(grid)} cells is finer than the mask's {tuple(mask.shape[1:])} "
            "pixels; choose a deeper layer, or a finer mask"
        )
    return is_in_cell(mask.shape[1], grid[0]), is_in_cell(mask.shape[2], grid[1])


def is_in_cell(num_pixels: int, num_cells: int) -> Float[np.ndarray, "{num_cells} {num_pixels}"]:
    """Gives 1 where a cell lies under the middle of a pixel: nearest neighbour, as PIL enlarges.

    Args:
      num_pixels: Along one side.
      num_cells: Along the same side.

    Returns:
      Zeros and ones in float32, `[cell, pixel]`; each pixel lies in one cell.
    """
    cell_of_pixel = ((2 * np.arange(num_pixels) + 1) * num_cells) // (2 * num_pixels)
    return (np.arange(num_cells)[:, None] == cell_of_pixel).astype(np.float32)


def _module_of(array: AnyArray) -> ModuleType:
    return jnp if isinstance(array, jax.Array) else np


def _as_float(array: AnyArray) -> AnyArray:
    return array.astype(jnp.float32 if isinstance(array, jax.Array) else np.float64)
