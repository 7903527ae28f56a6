"""Maps that know nothing of the network: what a method has to beat."""

import numpy as np
from jaxtyping import Float, Int, UInt8

from gimefive_jax.explanation.faithfulness.mass import as_mass, is_in_cell

# Standard deviation of the centre Gaussian, as a share of the side: it covers a centred face.
GAUSSIAN_SIGMA = 0.25
# Random maps are drawn from this number and the face's.
_SEED = 12


def baseline_maps(
    images: UInt8[np.ndarray, "face height width channel"],
    index: Int[np.ndarray, " face"],
    grid: tuple[int, int],
) -> dict[str, Float[np.ndarray, "face rows columns"]]:
    """Computes every baseline that needs no map of a method, by name.

    Args:
      images: Faces, uint8 `[face, height, width, channel]`.
      index: Number of each face, which seeds its random map.
      grid: Rows and columns of the maps.

    Returns:
      Maps `random`, `uniform`, `centre_gaussian` and `edges`, `[face, rows, columns]`.

    Example:
      >>> import numpy as np
      >>> faces = np.zeros((2, 8, 8, 1), np.uint8)
      >>> maps = baseline_maps(faces, np.arange(2), (4, 4))
      >>> {name: found.shape for name, found in maps.items()}["edges"]
      (2, 4, 4)
    """
    shape = (len(images), *grid)
    return {
        "random": random_maps(index, *grid),
        "uniform": np.ones(shape),
        "centre_gaussian": np.array(np.broadcast_to(centre_gaussian(*grid), shape)),
        "edges": edges(images, *grid),
    }


def random_maps(
    index: Int[np.ndarray, " face"], rows: int, columns: int
) -> Float[np.ndarray, "face {rows} {columns}"]:
    """Draws a map for each face, each cell evenly from 0 to 1.

    Args:
      index: Number of each face, which alone decides its draws.
      rows: Cells from top to bottom.
      columns: Cells from left to right.

    Returns:
      Maps, `[face, rows, columns]`.
    """
    draws = [np.random.default_rng((_SEED, int(i))).random((rows, columns)) for i in index]
    return np.stack(draws) if draws else np.zeros((0, rows, columns))


def centre_gaussian(rows: int, columns: int) -> Float[np.ndarray, "{rows} {columns}"]:
    """Computes a Gaussian around the centre, where faces usually are, at the middle of each cell.

    Args:
      rows: Cells from top to bottom.
      columns: Cells from left to right.

    Returns:
      Values from 0 to 1, `[rows, columns]`.
    """
    y = ((np.arange(rows) + 0.5) / rows - 0.5) / GAUSSIAN_SIGMA
    x = ((np.arange(columns) + 0.5) / columns - 0.5) / GAUSSIAN_SIGMA
    return np.exp(-(y[:, None] ** 2 + x[None, :] ** 2) / 2)


def edges(
    images: UInt8[np.ndarray, "face height width channel"], rows: int, columns: int
) -> Float[np.ndarray, "face {rows} {columns}"]:
    """Computes the mean strength of the Sobel edges in each cell, as a map of mere contrast shows.

    Args:
      images: Faces, uint8 `[face, height, width, channel]`.
      rows: Cells from top to bottom.
      columns: Cells from left to right.

    Returns:
      Strengths, at least 0, `[face, rows, columns]`.
    """
    grey = images.mean(-1, dtype=np.float64)
    padded = np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="edge")
    smooth_y = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    smooth_x = padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]
    strength = np.hypot(
        smooth_y[:, :, 2:] - smooth_y[:, :, :-2], smooth_x[:, 2:] - smooth_x[:, :-2]
    )
    in_row, in_column = is_in_cell(grey.shape[1], rows), is_in_cell(grey.shape[2], columns)
    return in_row @ strength @ in_column.T / np.outer(in_row.sum(1), in_column.sum(1))


def class_mean(
    heat_maps: Float[np.ndarray, "face rows columns"], categories: Int[np.ndarray, " face"]
) -> Float[np.ndarray, "face rows columns"]:
    """Computes the mean map of the other faces of each face's category.

    A method that this equals says where a category's evidence lies in general, not in this face.

    Args:
      heat_maps: Signed maps of one method at one layer; each counts by its shares of positive mass.
      categories: Category by which the faces are grouped, usually the explained one.

    Returns:
      Maps that sum to 1, without the face's own map in the mean; uniform for a face whose
      category has no other.
    """
    mass = np.asarray(as_mass(heat_maps))
    means = np.full_like(mass, 1 / mass[0].size) if len(mass) else mass
    for category in np.unique(categories):
        group = np.flatnonzero(categories == category)
        if len(group) > 1:
            means[group] = (mass[group].sum(0) - mass[group]) / (len(group) - 1)
    return means
