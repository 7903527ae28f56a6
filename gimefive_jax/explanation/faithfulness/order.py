"""The order in which a heat map would remove the pixels of a face."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from gimefive_jax.errors import InputError
from gimefive_jax.explanation.faithfulness.mass import as_mass, is_in_cell
from gimefive_jax.structs import AnyArray

# Ties are broken by draws from this number and the face's.
_SEED = 20


def pixel_ranks(
    heat_map: Float[AnyArray, "batch rows columns"],
    size: tuple[int, int],
    index: Int[AnyArray, " batch"],
) -> Int[Array, "batch height width"]:
    """Ranks the pixels of each face by its map, from 0 for the most relevant one.

    Each cell is enlarged to its pixels by nearest neighbour, as a smooth enlargement would name
    places that the map does not. Only positive cells are told apart; pixels of equal value are in
    an order drawn for each face, the same for all of its maps, in any batch and on any device.

    Args:
      heat_map: Signed maps. One without a positive cell counts as uniform: its order is drawn.
      size: Height and width of the faces in pixels.
      index: Number of each face, which seeds its draws.

    Returns:
      Each number from 0 to `height * width - 1` once per face.

    Raises:
      InputError: A map is finer than the faces.
    """
    num_pixels = size[0] * size[1]
    mass = jnp.asarray(as_mass(jnp.asarray(heat_map)))
    mass = enlarged(mass, size).reshape(-1, num_pixels)
    ties = jax.vmap(lambda i: jax.random.bits(_key(i), (num_pixels,)))(jnp.asarray(index))
    pixel = jnp.broadcast_to(jnp.arange(num_pixels), mass.shape)
    ascending = jax.lax.sort((mass, ties, pixel), dimension=1, num_keys=2)[2]
    ranks = jnp.zeros_like(pixel).at[jnp.arange(len(mass))[:, None], ascending].set(pixel[:, ::-1])
    return ranks.reshape(-1, *size)


def enlarged(
    heat_map: Float[Array, "batch rows columns"], size: tuple[int, int]
) -> Float[Array, "batch height width"]:
    """Enlarges maps to the pixels of the faces by nearest neighbour.

    Args:
      heat_map: Maps, `[batch, rows, columns]`.
      size: Height and width of the faces in pixels.

    Returns:
      Each pixel with the value of the cell under its middle, `[batch, height, width]`.

    Raises:
      InputError: A map is finer than the faces.
    """
    grid = heat_map.shape[1:]
    if grid[0] > size[0] or grid[1] > size[1]:
        raise InputError(f"a map of {grid} cells is finer than its face of {size} pixels")
    row, column = (is_in_cell(*pair).argmax(0) for pair in zip(size, grid, strict=True))
    return heat_map[:, row][:, :, column]


def _key(index: Int[Array, ""]) -> jax.Array:
    return jax.random.fold_in(jax.random.key(_SEED), index)
