"""Activations and gradients of any named layer of an untouched model, in one pass."""

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
    """By layer: b_eff, the sum over biases behind the layer of b * d logit / d b."""


def call_order(model: nn.Module, variables: PyTree, face: PyTree) -> dict[str, tuple[int, ...]]:
    """Output shape of every named layer, in the order of the calls; nothing is computed."""
    shapes: dict[str, tuple[int, ...]] = {}

    def note(call: Any, args: Any, kwargs: Any, context: InterceptorContext) -> Any:
        output = call(*args, **kwargs)
        if _is_layer(context) and isinstance(output, jax.Array):
            shapes[_name(context)] = output.shape
        return output

    def forward(variables: PyTree, face: PyTree) -> Array:
        with nn.intercept_methods(note):
            return model.apply(variables, face, train=False)  # type: ignore[return-value]

    jax.eval_shape(forward, variables, face)
    return shapes


def explainable_layers(model: nn.Module, variables: PyTree, face: PyTree) -> list[str]:
    """Layers with a grid to draw on: activations, convolutions and block outputs."""
    return [
        name
        for name, shape in call_order(model, variables, face).items()
        if len(shape) == 4 and not name.endswith(("/norm", "/dropout"))
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
    order = call_order(model, variables, face)
    names = list(order)
    biased = _biased_modules(model, variables, face)
    lowest = min(names.index(layer) for layer in layers)
    above = [name for name in biased if names.index(name) > lowest]
    # One zero per layer and per module that adds a bias above the lowest layer.
    zeros = {name: jnp.zeros(order[name], face.dtype) for name in {*layers, *above}}
    wanted = {*layers, *watched}

    def forward(offsets: dict[str, Array]) -> tuple[Array, PyTree]:
        def add_offset(call: Any, args: Any, kwargs: Any, context: InterceptorContext) -> Any:
            output = call(*args, **kwargs)
            offset = offsets.get(_name(context)) if _is_layer(context) else None
            return output if offset is None else output + offset

        with nn.intercept_methods(add_offset):
            logits, state = model.apply(
                variables,
                face,
                train=False,
                capture_intermediates=lambda module, method: (
                    method == "__call__" and "/".join(module.path) in wanted
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


def _biased_modules(
    model: nn.Module, variables: PyTree, face: PyTree
) -> dict[str, Float[Array, " channel"]]:
    """What each module adds to every position of its output, by name, in the order of the calls."""
    kinds: dict[str, nn.Module] = {}

    def note(call: Any, args: Any, kwargs: Any, context: InterceptorContext) -> Any:
        if _is_layer(context) and isinstance(context.module, _WITH_BIAS):
            kinds[_name(context)] = context.module
        return call(*args, **kwargs)

    def forward(variables: PyTree, face: PyTree) -> Array:
        with nn.intercept_methods(note):
            return model.apply(variables, face, train=False)  # type: ignore[return-value]

    jax.eval_shape(forward, variables, face)
    return {
        name: bias
        for name, module in kinds.items()
        if (bias := _added_constant(module, name, variables)) is not None
    }


def _added_constant(module: nn.Module, name: str, variables: PyTree) -> Array | None:
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
    [activation] = _descend(intermediates, name)["__call__"]
    return activation


def _descend(tree: Any, name: str) -> Any:
    for part in name.split("/"):
        tree = tree[part]
    return tree


def _is_layer(context: InterceptorContext) -> bool:
    return context.method_name == "__call__" and bool(context.module.path)


def _name(context: InterceptorContext) -> str:
    return "/".join(context.module.path)
