"""Which outputs of a network have a row for each face."""

import contextlib
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax.errors import FlaxError
from jaxtyping import Array, PyTree

Size = Any
"""An integer; where an export leaves the number of faces open, an expression of that number."""


def rows_for_twice(
    observed: Callable[[Callable[[Any, Any], Any]], Callable[[PyTree, Array], Array]],
    variables: PyTree,
    x: PyTree,
) -> list[Size | None]:
    """Gives the first size of the output of every call where there are twice as many faces.

    A layer may have as many rows as there are faces by chance: 16 positions and 16 faces. With
    twice as many faces, rows of positions stay 16. Nothing is computed.

    Args:
      observed: Gives the network with `visit(call, output)` in the place of each output.
      variables: Of the network, or their shapes.
      x: Its input, `[batch, ...]`, or the shape of it.

    Returns:
      Sizes in the order in which calls return, None for what is no array. They end early where the
      network takes no other number of faces, as with a mask for each face.
    """
    rows: list[Size | None] = []

    def note(call: Any, output: Any) -> Any:
        shape = jnp.shape(output) if isinstance(output, jax.Array) else ()
        rows.append(shape[0] if shape else None)
        return output

    twice = jax.ShapeDtypeStruct((2 * x.shape[0], *x.shape[1:]), x.dtype)
    with contextlib.suppress(TypeError, ValueError, FlaxError):
        jax.eval_shape(observed(note), variables, twice)
    return rows
