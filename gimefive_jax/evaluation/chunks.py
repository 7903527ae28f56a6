"""A jitted step over any number of faces, by few programs."""

from collections.abc import Callable
from typing import TypeVar

import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import UInt8

from gimefive_jax import parallel

Tree = TypeVar("Tree")


def run_in_chunks(
    step: Callable[[UInt8[np.ndarray, "batch height width channel"]], Tree],
    pixels: UInt8[np.ndarray, "face height width channel"],
    *,
    size: int,
    mesh: Mesh,
) -> Tree:
    """What `step` gives for each face, joined; it sees at most `size` of them at once, padded."""
    parts = [_run(step, pixels[i : i + size], mesh) for i in range(0, len(pixels), size)]
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)


def _run(step: Callable[[np.ndarray], Tree], pixels: np.ndarray, mesh: Mesh) -> Tree:
    # Powers of two: a handful of programs serve every number of faces.
    size = 1 << (len(pixels) - 1).bit_length()
    padding = parallel.round_up(size, mesh) - len(pixels)
    padded = np.pad(pixels, ((0, padding), (0, 0), (0, 0), (0, 0)))
    found = jax.device_get(step(padded))
    return jax.tree.map(lambda leaf: leaf[: len(pixels)], found)
