"""Class activation maps: from activations and gradients to raw, signed maps."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from jaxtyping import Array, Bool, Float

from gimefive_jax.errors import InputError, nearest

CamMethod = Callable[
    [Float[Array, "batch height width channel"], Float[Array, "batch height width channel"]],
    Float[Array, "batch height width"],
]


def hirescam(
    activation: Float[Array, "batch height width channel"],
    gradient: Float[Array, "batch height width channel"],
) -> Float[Array, "batch height width"]:
    """HiResCAM (Draelos and Carin 2020): activation times gradient, summed over channels.

    At the post-ReLU output of the last block the map sums to the logit less `b_eff`.
    """
    return (activation * gradient).sum(-1)


def gradcam(
    activation: Float[Array, "batch height width channel"],
    gradient: Float[Array, "batch height width channel"],
) -> Float[Array, "batch height width"]:
    """Grad-CAM (Selvaraju et al. 2017) before its ReLU: channels weighted by their mean gradient.

    The published map is the positive part; the sign is kept here and cut where maps are drawn.
    """
    weight = gradient.mean((1, 2), keepdims=True)
    return (activation * weight).sum(-1)


def is_degenerate(heat_maps: Float[np.ndarray, "face rows columns"]) -> Bool[np.ndarray, " face"]:
    """Maps that point nowhere: nothing in them is positive, or all cells are equal."""
    peak, floor = heat_maps.max((1, 2)), heat_maps.min((1, 2))
    return (peak <= 0) | (peak == floor)


METHODS: Mapping[str, CamMethod] = MappingProxyType({"hirescam": hirescam, "gradcam": gradcam})


def check_methods(methods: tuple[str, ...]) -> None:
    """Raise InputError naming the first unknown method."""
    for method in methods:
        if method not in METHODS:
            known = list(METHODS)
            raise InputError(
                f"no method '{method}'{nearest(method, known)}; known: {', '.join(known)}"
            )
