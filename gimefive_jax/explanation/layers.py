"""The layers of a network that can be explained, by name."""

from collections.abc import Mapping

import flax.linen as nn
from jaxtyping import PyTree

from gimefive_jax.errors import InputError, nearest
from gimefive_jax.explanation.calls import INPUT, Network, as_network, trace

_NORMS = (nn.BatchNorm, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.InstanceNorm, nn.Dropout)


def explainable_layers(
    model: nn.Module | Network,
    variables: PyTree,
    x: PyTree,
    *,
    call: Mapping[str, object] | None = None,
) -> list[str]:
    """Lists the layers with a grid to draw on, in the order of the network; computes nothing.

    Args:
      model: A Linen module, or a function `(variables, x) -> logits`.
      variables: Of the model, or their shapes.
      x: Its input, `[batch, height, width, channel]`, or the shape of it.
      call: Further keywords of the model's call, such as `{"train": False}`.

    Returns:
      Names of activations, convolutions and block outputs, without norms and dropouts.
    """
    return list(explainable_shapes(as_network(model, call), variables, x))


def explainable_shapes(
    network: Network, variables: PyTree, x: PyTree
) -> dict[str, tuple[int, ...]]:
    """Gives the output shapes of the layers that `explainable_layers` lists, in their order.

    Args:
      network: A function `(variables, x) -> logits`.
      variables: Of the network, or their shapes.
      x: Its input, or the shape of it.

    Returns:
      Shapes `[batch, height, width, channel]` by the name of the layer.
    """
    return {
        name: layer.shape
        for name, layer in trace(network, variables, x).layers.items()
        if len(layer.shape) == 4 and not isinstance(layer.call.module, _NORMS)
    }


def call_order(
    model: nn.Module | Network,
    variables: PyTree,
    x: PyTree,
    *,
    call: Mapping[str, object] | None = None,
) -> dict[str, tuple[int, ...]]:
    """Gives the output shape of every call of a named layer, as `explainable_layers` lists some.

    Args:
      model: A Linen module, or a function `(variables, x) -> logits`.
      variables: Of the model, or their shapes.
      x: Input of the model, `[batch, height, width, channel]`, or its shape.
      call: Further keywords of the model's call, such as `{"train": False}`.

    Returns:
      Shapes by the name of the call, such as `block1/conv`.
    """
    seen = trace(as_network(model, call), variables, x)
    return {name: layer.shape for name, layer in seen.layers.items()}


def check_layers(layers: tuple[str, ...], known: list[str]) -> None:
    """Raises InputError naming the first layer that is neither among `known` nor the input."""
    for layer in layers:
        if layer not in (*known, INPUT):
            raise InputError(
                f"no layer '{layer}'{nearest(layer, known)}; known: {', '.join((*known, INPUT))}"
            )
