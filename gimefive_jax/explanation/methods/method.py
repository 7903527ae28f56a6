"""What a heat-map method is: its name, its place, and how it is called."""

import inspect
import re
from collections.abc import Callable
from typing import Any

from jaxtyping import Array, Float

from gimefive_jax.errors import InputError

Method = Callable[..., Float[Array, "batch rows columns"]]
"""`method(activation, gradient)`, a function or an object that is called.

It gets the output of the layer and the derivative of the score with respect to it, of the same
shape, and gives a map per face on a grid of its choice. What it names of the following among its
parameters it gets as well:

- `x`: the network's input, `[batch, height, width, channel]`;
- `forward`: a function from such an input to scores `[batch]`. It also takes several changed copies
  of all faces, `[copy, batch, height, width, channel]`, and gives `[copy, batch]`;
- `forward_from`: the same from changed activations of the layer, `[copy, batch, rows, columns,
  channel]`; nothing below the layer is computed;
- `pixels`: the `PixelScale` of the input: what black and white are.

Its attribute `name`, else the name of the function or class, names its maps. With an attribute
`at_input` that is true it explains the network's input, whatever layers are asked for. With
`tries_copies` it is given few faces at a time, as it makes hundreds of copies of each. Where its
maps shall sum to something else than the score less the effect of the biases, it has a method
`wanted_sum(score, x, forward, pixels)` that gives what, `[batch]`."""


def method_name(method: Method) -> str:
    """Gives the name of a method's maps; raises InputError where it is no name for a file."""
    name = getattr(method, "name", None) or getattr(method, "__name__", type(method).__name__)
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise InputError(
            f"a method called '{name}' cannot name a file; give it an attribute `name` of letters, "
            "digits, - and _"
        )
    return name


def is_at_input(method: Method) -> bool:
    """Tells whether a method explains the network's input, whatever layers are asked for."""
    return bool(getattr(method, "at_input", False))


def apply_method(method: Method, activation: Array, gradient: Array, **more: Any) -> Array:
    """Computes the maps of a method, which gets of `more` what it names among its parameters.

    Raises:
      InputError: It does not give a map per face.
    """
    asked = inspect.signature(method).parameters
    heat_map = method(activation, gradient, **{k: v for k, v in more.items() if k in asked})
    shape = getattr(heat_map, "shape", None)
    if shape is None or len(shape) != 3 or shape[0] != activation.shape[0]:
        raise InputError(
            f"method '{method_name(method)}' gives {shape} for an activation {activation.shape}; "
            f"it must give a map per face, [{activation.shape[0]}, rows, columns]"
        )
    return heat_map
