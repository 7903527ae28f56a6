"""Heat-map methods: from activations, gradients and the network to raw, signed maps."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Array, Bool, Float

from gimefive_jax.errors import InputError, nearest

Method = Callable[..., Float[Array, "batch height width"]]
"""`method(activation, gradient)`, a function or an object that is called.

It gets the output of the layer and the derivative of the score with respect to it, of the same
shape, and gives a map per face on a grid of its choice. What it names as `x` or `forward` among its
parameters it gets as well: the network's input `[batch, height, width, channel]`, and a function
from such an input to scores `[batch]`. `forward` also takes several changed copies of all faces,
`[copy, batch, height, width, channel]`, and gives `[copy, batch]`. Its attribute `name`, else the
name of the function or class, names its maps."""


def hirescam(
    activation: Float[Array, "batch height width channel"],
    gradient: Float[Array, "batch height width channel"],
) -> Float[Array, "batch height width"]:
    """Computes HiResCAM maps: activation times gradient, summed over channels.

    At the post-ReLU output of the last block the map sums to the logit less `bias_effect`.

    Args:
      activation: Output of a layer.
      gradient: Derivative of the score with respect to it.

    Returns:
      Signed maps in units of the score.

    References:
      Draelos and Carin, 2020, https://arxiv.org/abs/2011.08891
    """
    return (activation * gradient).sum(-1)


def gradcam(
    activation: Float[Array, "batch height width channel"],
    gradient: Float[Array, "batch height width channel"],
) -> Float[Array, "batch height width"]:
    """Computes Grad-CAM maps before their ReLU: channels weighted by their mean gradient.

    The published map is the positive part; the sign is kept here and cut where maps are drawn.

    Args:
      activation: Output of a layer.
      gradient: Derivative of the score with respect to it.

    Returns:
      Signed maps.

    References:
      Selvaraju et al., 2017, https://arxiv.org/abs/1610.02391
    """
    weight = gradient.mean((1, 2), keepdims=True)
    return (activation * weight).sum(-1)


METHODS: Mapping[str, Method] = MappingProxyType({"hirescam": hirescam, "gradcam": gradcam})
"""Methods that the command line knows by name."""


def find_methods(methods: str | Method | Sequence[str | Method]) -> dict[str, Method]:
    """Finds methods by what names them.

    Args:
      methods: A name in `METHODS` or a method of your own, or several.

    Returns:
      The methods by name, in the given order.

    Raises:
      InputError: A name is unknown, no name for a file, or that of two methods.
    """
    several = [methods] if isinstance(methods, str) or callable(methods) else methods
    found: dict[str, Method] = {}
    for method in several:
        name = method if isinstance(method, str) else method_name(method)
        if isinstance(method, str) and method not in METHODS:
            known = list(METHODS)
            raise InputError(
                f"no method '{method}'{nearest(method, known)}; known: {', '.join(known)}"
            )
        one = METHODS[method] if isinstance(method, str) else method
        if found.setdefault(name, one) is not one:
            raise InputError(f"two methods are called '{name}'; give one an attribute `name`")
    return found


def method_name(method: Method) -> str:
    """Gives the name of a method's maps; raises InputError where it is no name for a file."""
    name = getattr(method, "name", None) or getattr(method, "__name__", type(method).__name__)
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise InputError(
            f"a method called '{name}' cannot name a file; give it an attribute `name` of letters, "
            "digits, - and _"
        )
    return name


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


def is_degenerate(heat_maps: Float[np.ndarray, "face rows columns"]) -> Bool[np.ndarray, " face"]:
    """Tells which maps show no place: none of their cells is positive, or all are equal.

    Args:
      heat_maps: Signed maps, `[face, rows, columns]`.

    Returns:
      True for each such map, `[face]`.
    """
    peak, floor = heat_maps.max((1, 2)), heat_maps.min((1, 2))
    return (peak <= 0) | (peak == floor)
