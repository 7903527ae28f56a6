"""A method that is explained at layers of its own."""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any

from jaxtyping import Array, Float

from gimefive_jax.explanation.methods.method import method_name

AT = "@"
"""Between the name of a method and its layers, as in `layercam@block3/activation`."""


@dataclasses.dataclass(frozen=True)
class PlacedMethod:
    """A method with its own layers, whatever layers are asked for; called like the method itself.

    Args:
      method: A method of layers.
      layers: Names of layers; several joined by `+` give one fused map.
    """

    method: Callable[..., Float[Array, "batch rows columns"]]
    layers: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the method, which names the maps."""
        return method_name(self.method)

    @property
    def tries_copies(self) -> bool:
        """Whether the method tries each face in hundreds of copies."""
        return bool(getattr(self.method, "tries_copies", False))

    @property
    def __signature__(self) -> inspect.Signature:
        # What the method names among its parameters decides what it is given.
        return inspect.signature(self.method)

    def __call__(self, *args: Any, **kwargs: Any) -> Float[Array, "batch rows columns"]:
        """Computes the maps as the method does."""
        return self.method(*args, **kwargs)


@functools.lru_cache(maxsize=64)
def placed(
    method: Callable[..., Float[Array, "batch rows columns"]], layers: tuple[str, ...]
) -> PlacedMethod:
    """Gives the method at these layers; equal arguments give the same one, so nothing is retraced.

    Args:
      method: A method of layers.
      layers: Names of layers.
    """
    return PlacedMethod(method, layers)
