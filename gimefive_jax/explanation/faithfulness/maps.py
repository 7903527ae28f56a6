"""Heat maps alone, as a function of variables, faces and targets."""

from collections.abc import Callable, Mapping

from jaxtyping import Array, Float, Int, PyTree

from gimefive_jax.explanation.explain import ExplainFunction
from gimefive_jax.structs import AnyArray

MapKey = tuple[str, str]
"""Method and layer."""
HeatMaps = Mapping[MapKey, Float[AnyArray, "batch rows columns"]]
PerMap = Mapping[MapKey, Float[AnyArray, " batch"]]
MapFunction = Callable[..., HeatMaps]
"""Pure `(variables, x, target) -> maps [batch, rows, columns] by (method, layer)`."""


def maps_of(explain: ExplainFunction) -> MapFunction:
    """Gives the heat maps of an explain function alone.

    Args:
      explain: As `explain_fn` gives it.

    Returns:
      Pure `(variables, x, target)`, with raw maps by method and layer.
    """

    def maps(variables: PyTree, x: Array, target: Int[Array, " batch"]) -> HeatMaps:
        found = explain(variables, x, target).explanations
        return {key: one.heat_map for key, one in found.items()}

    return maps
