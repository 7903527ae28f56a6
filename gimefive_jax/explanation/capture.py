"""Activations and gradients of any named layer of an untouched model, in one pass."""

import dataclasses
from collections import Counter
from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import flax.struct
import jax
import jax.numpy as jnp
from flax.linen.module import InterceptorContext
from jaxtyping import Array, Float, Int, PyTree

from gimefive_jax.errors import InputError, nearest
from gimefive_jax.structs import AnyArray

# Modules with biases: what they add is the part of a logit that no location can claim.
_WITH_BIAS = (nn.Dense, nn.Conv, nn.BatchNorm)
# Between a module's name and the number of its call, from the second call on.
_AGAIN = "#"


@flax.struct.dataclass
class Capture:
    """What one forward and one backward pass tell about a batch."""

    logits: Float[Array, "batch emotion"]
    target: Int[AnyArray, " batch"]
    activations: dict[str, Array]
    """By layer: `[batch, height, width, channel]`."""
    gradients: dict[str, Array]
    """By layer: derivative of the target's logit with respect to the activation."""
    bias_effects: dict[str, Float[Array, " batch"]]
    """By layer: b_eff, the sum over biases behind the layer of b * d logit / d b.

    With a HiResCAM map it adds up to the logit where all of the network behind the layer is
    piecewise linear and nothing leads around the layer: at every default layer, not inside a
    residual block nor before a squeeze-excite gate."""


def call_order(model: nn.Module, variables: PyTree, face: PyTree) -> dict[str, tuple[int, ...]]:
    """Output shape of every call of a named layer, in their order; nothing is computed.

    The first call of a module has the module's name, later ones `NAME#2`, `NAME#3`, ...
    """
    return {name: made.shape for name, made in _trace(model, variables, face).items()}


def explainable_layers(model: nn.Module, variables: PyTree, face: PyTree) -> list[str]:
    """Layers with a grid to draw on: activations, convolutions and block outputs."""
    return [
        name
        for name, made in _trace(model, variables, face).items()
        if len(made.shape) == 4 and not isinstance(made.module, nn.BatchNorm | nn.Dropout)
    ]


def check_layers(layers: tuple[str, ...], known: list[str]) -> None:
    """Raise InputError naming the first layer that is not among `known`."""
    for layer in layers:
        if layer not in known:
            raise InputError(
                f"no layer '{layer}'{nearest(layer, known)}; known: {', '.join(known)}"
            )


def capture(
    model: nn.Module,
    variables: PyTree,
    face: Float[Array, "batch height width channel"],
    target: Int[AnyArray, " batch"] | None,
    *,
    layers: tuple[str, ...],
    watched: tuple[str, ...] = (),
) -> Capture:
    """Activations and gradients of `layers`, and activations alone of `watched`.

    `target` None explains each face's predicted category. A zero is added to each layer's output;
    the derivative with respect to that zero is the layer's gradient, and what lies below the
    lowest layer is never differentiated. Rows are independent in eval mode, so one backward
    pass serves the whole batch.
    """
    calls = _trace(model, variables, face)
    names = list(calls)
    biased = {
        name: bias
        for name, made in calls.items()
        if (bias := _added_constant(made.module, variables)) is not None
    }
    lowest = min(names.index(layer) for layer in layers)
    above = [name for name in biased if names.index(name) > lowest]
    # One zero per layer and per call that adds a bias above the lowest layer.
    zeros = {
        name: jnp.zeros(calls[name].shape, face.dtype) for name in dict.fromkeys((*layers, *above))
    }
    wanted = tuple(dict.fromkeys((*layers, *watched)))
    captured = {_module_name(name) for name in wanted}

    def forward(offsets: dict[str, Array]) -> tuple[Array, PyTree]:
        call_names = _CallNames()

        def add_offset(call: Any, args: Any, kwargs: Any, context: InterceptorContext) -> Any:
            output = call(*args, **kwargs)
            offset = offsets.get(call_names.next(context)) if _is_layer(context) else None
            return output if offset is None else output + offset

        with nn.intercept_methods(add_offset):
            logits, state = model.apply(
                variables,
                face,
                train=False,
                capture_intermediates=lambda module, method: (
                    method == "__call__" and "/".join(module.path) in captured
                ),
                mutable="intermediates",
            )
        return logits, state["intermediates"]

    logits, pull_back, intermediates = jax.vjp(forward, zeros, has_aux=True)
    if target is None:
        target = logits.argmax(-1)
    (slopes,) = pull_back(jax.nn.one_hot(target, logits.shape[-1], dtype=logits.dtype))
    effects = {name: _bias_effect(biased[name], slopes[name]) for name in above}
    return Capture(
        logits=logits,
        target=target,
        activations={name: _activation(intermediates, name) for name in wanted},
        gradients={name: slopes[name] for name in layers},
        bias_effects={
            layer: sum(
                (effects[name] for name in above if names.index(name) > names.index(layer)),
                start=jnp.zeros(face.shape[0], face.dtype),
            )
            for layer in layers
        },
    )


@dataclasses.dataclass(frozen=True)
class _Call:
    """One call of a module; a shared module is called several times."""

    module: nn.Module
    shape: tuple[int, ...]


class _CallNames:
    """Names the calls of one forward pass: `NAME`, then `NAME#2`, ... for a shared module."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def next(self, context: InterceptorContext) -> str:
        """Name of the call that has just returned."""
        name = "/".join(context.module.path)
        self._counts[name] += 1
        return name if self._counts[name] == 1 else f"{name}{_AGAIN}{self._counts[name]}"


def _trace(model: nn.Module, variables: PyTree, face: PyTree) -> dict[str, _Call]:
    """Every call of a named layer, by name, in the order in which they return."""
    calls: dict[str, _Call] = {}
    call_names = _CallNames()

    def note(call: Any, args: Any, kwargs: Any, context: InterceptorContext) -> Any:
        output = call(*args, **kwargs)
        if _is_layer(context) and isinstance(output, jax.Array):
            calls[call_names.next(context)] = _Call(context.module, output.shape)
        return output

    def forward(variables: PyTree, face: PyTree) -> Array:
        with nn.intercept_methods(note):
            return model.apply(variables, face, train=False)  # type: ignore[return-value]

    jax.eval_shape(forward, variables, face)
    return calls


def _added_constant(module: nn.Module, variables: PyTree) -> Float[Array, " channel"] | None:
    """What `module` adds to every position of its output; None where it adds nothing."""
    if not isinstance(module, _WITH_BIAS):
        return None
    name = "/".join(module.path)
    params = _descend(variables["params"], name)
    if isinstance(module, nn.BatchNorm):
        # Eval-mode batch norm is x * slope + constant; this is the constant.
        stats = _descend(variables["batch_stats"], name)
        slope = params["scale"] / jnp.sqrt(stats["var"] + module.epsilon)
        return params["bias"] - stats["mean"] * slope
    return params.get("bias")


def _bias_effect(
    constant: Float[Array, " channel"], slope: Float[Array, "batch *grid channel"]
) -> Float[Array, " batch"]:
    grid = tuple(range(1, slope.ndim - 1))
    return slope.sum(axis=grid) @ constant


def _activation(intermediates: Mapping[str, Any], name: str) -> Array:
    # A tuple with an entry per call of the module.
    _, _, number = name.partition(_AGAIN)
    return _descend(intermediates, _module_name(name))["__call__"][int(number or 1) - 1]


def _module_name(call_name: str) -> str:
    return call_name.partition(_AGAIN)[0]


def _descend(tree: Any, name: str) -> Any:
    for part in name.split("/"):
        tree = tree[part]
    return tree


def _is_layer(context: InterceptorContext) -> bool:
    return context.method_name == "__call__" and bool(context.module.path)
