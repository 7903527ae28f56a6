"""How much of a heat map lies on each region of its face."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gimefive_jax.explanation.faithfulness.mass import area_share, mass_on
from gimefive_jax.faces.regions import REGIONS, soft_masks
from gimefive_jax.structs import AnyArray

# Faces whose masks are held at a time: 7 masks of 64 pixels take 30 MB then.
_CHUNK = 256


def region_shares(
    heat_map: Float[AnyArray, "face rows columns"],
    points: Float[AnyArray, "face point 2"],
    *,
    side: int,
) -> Float[np.ndarray, "face region"]:
    """Computes the share of each map's positive mass on each region of its face.

    Args:
      heat_map: Signed maps, `[face, rows, columns]`; one without a positive cell counts as uniform.
      points: 68 landmarks of each face, in pixels of a face of `side`.
      side: Side of the faces in pixels, at least that of the maps.

    Returns:
      Shares in the order of `REGIONS`, `[face, region]`; each row sums to 1.

    Raises:
      InputError: If a map is finer than the face, or the points are not 68.

    Example:
      >>> import numpy as np
      >>> from gimefive_jax import faces
      >>> maps, points = np.ones((2, 4, 4)), np.full((2, 68, 2), 32.0)
      >>> faces.region_shares(maps, points, side=64).sum(1).round(3).tolist()
      [1.0, 1.0]
    """

    def shares(rows: slice) -> Array:
        masks = soft_masks(_fill(points[rows]), side)
        maps = _fill(np.asarray(heat_map[rows], np.float32))
        return _each_region(jnp.asarray(maps), masks)[: len(heat_map[rows])]

    return _in_chunks(len(heat_map), shares)


def region_areas(
    points: Float[AnyArray, "face point 2"], *, side: int
) -> Float[np.ndarray, "face region"]:
    """Computes the share of the face that each region covers: what a uniform map puts there.

    Args:
      points: 68 landmarks of each face, in pixels of a face of `side`.
      side: Side of the faces in pixels.

    Returns:
      Shares in the order of `REGIONS`, `[face, region]`; each row sums to 1.
    """

    def shares(rows: slice) -> Array:
        masks = soft_masks(_fill(points[rows]), side)
        areas = jnp.stack([area_share(masks[region]) for region in REGIONS], axis=-1)
        return areas[: len(points[rows])]

    return _in_chunks(len(points), shares)


@jax.jit
def _each_region(
    heat_map: Float[Array, "face rows columns"],
    masks: dict[str, Float[Array, "face side side"]],
) -> Float[Array, "face region"]:
    return jnp.stack([mass_on(heat_map, masks[region]) for region in REGIONS], axis=-1)


def _in_chunks(
    count: int, function: Callable[[slice], Float[Array, "face region"]]
) -> Float[np.ndarray, "face region"]:
    parts = [np.zeros((0, len(REGIONS)), np.float32)]
    for start in range(0, count, _CHUNK):
        parts.append(np.asarray(function(slice(start, min(start + _CHUNK, count)))))
    return np.concatenate(parts)


def _fill(rows: Float[AnyArray, "face *rest"]) -> Float[np.ndarray, "chunk *rest"]:
    """Fills up with zeros, so that one program serves every chunk."""
    rows = np.asarray(rows)
    return np.concatenate([rows, np.zeros((_CHUNK - len(rows), *rows.shape[1:]), rows.dtype)])
