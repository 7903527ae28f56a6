"""Constant that each kind of layer adds to its output: the parts of b_eff."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gimefive_jax.errors import InputError
from gimefive_jax.explanation.rows import Size
from gimefive_jax.models.blocks import PlaceCode, resized_code

Constant = Float[Array, "..."]
"""Fits the last axes of the output, without its first."""


def added_constant(module: nn.Module, output: Array) -> Constant | None:
    """Gives what a call of `module` adds to each position of its output.

    Args:
      module: Bound, of a kind in `KNOWN_LAYERS`.
      output: What the call gave, `[batch, ..., channel]`.

    Returns:
      `[channel]`, or an array for the last axes of the output; None where nothing is added.
    """
    return KNOWN_LAYERS[type(module)](module, output)


def own_arrays(module: nn.Module) -> dict[str, Array]:
    """Gives the arrays of all collections that are the module's own and not of a module in it.

    Args:
      module: Bound.

    Returns:
      Arrays by their names, such as `kernel`.
    """
    return {
        name: value
        for collection in module.variables.values()
        for name, value in collection.items()
        if isinstance(value, jax.Array)
    }


def effect_of_constant(
    constant: Constant, slope: Float[Array, "batch ..."]
) -> Float[Array, " batch"]:
    """Computes the sum over all positions of a constant times the score's derivative there.

    Args:
      constant: Of `added_constant`.
      slope: Derivative of the score with respect to the output of the same call.
    """
    if constant.ndim == 1:
        return slope.sum(axis=tuple(range(1, slope.ndim - 1))) @ constant
    return (slope * constant).reshape(slope.shape[0], -1).sum(-1)


def why_unknown(
    module: nn.Module, is_layer: bool, output: Any, num_faces: Size, rows_for_twice: Size | None
) -> str:
    """Says why the constant of a call of a known layer cannot be told; empty where it can.

    Args:
      module: Bound, of a kind in `KNOWN_LAYERS`.
      is_layer: Whether the output of the call can be reached by its name.
      output: What the call gave.
      num_faces: Faces in the batch.
      rows_for_twice: First size of the output of the same call where there are twice as many.
    """
    if isinstance(module, nn.DenseGeneral) and module.batch_dims:
        return "has biases along batch_dims"
    adds = isinstance(module, nn.Embed) or getattr(module, "use_bias", False)
    if not adds and not isinstance(module, nn.BatchNorm):
        return ""
    if not is_layer:
        # Attending to an embedding is a product with its table.
        inside = "adds a bias inside a transformation such as nn.scan or nn.remat, or by a method"
        return "" if isinstance(module, nn.Embed) and _is_product(output, module) else inside
    shape: tuple[Size, ...] = getattr(output, "shape", ())
    if len(shape) < 2 or shape[0] != num_faces or rows_for_twice != 2 * num_faces:
        return f"gives {shape}, which has no row for each of the {num_faces} faces"
    return ""


def _bias(module: nn.Module, output: Array) -> Constant | None:
    params = module.variables["params"]
    return params.get("bias")


def _norm_bias(module: nn.Module, output: Array) -> Constant | None:
    bias = module.variables.get("params", {}).get("bias")
    return None if bias is None else _along(getattr(module, "feature_axes", -1), bias, output)


def _batch_norm(module: nn.Module, output: Array) -> Constant | None:
    assert isinstance(module, nn.BatchNorm)
    params, stats = module.variables.get("params", {}), module.variables["batch_stats"]
    # Eval-mode batch norm is x * slope + constant; this is the constant.
    slope = params.get("scale", 1.0) / jnp.sqrt(stats["var"] + module.epsilon)
    return _along(module.axis, params.get("bias", 0.0) - stats["mean"] * slope, output)


def _embedding(module: nn.Module, output: Array) -> Constant | None:
    # Nothing in a face leads here: all of it is constant, row by row.
    return output


def _place_code(module: nn.Module, output: Array) -> Constant | None:
    return resized_code(module.variables["params"]["code"], output.shape[1], output.shape[2])


def _nothing(module: nn.Module, output: Array) -> Constant | None:
    return None


def _along(axes: int | tuple[int, ...], values: Array, output: Array) -> Constant:
    """`values` of the given axes of `output`, in a shape that fits its last axes."""
    chosen = [axis % output.ndim for axis in ([axes] if isinstance(axes, int) else axes)]
    if chosen == [output.ndim - 1]:
        return values
    shape = [size if axis in chosen else 1 for axis, size in enumerate(output.shape)]
    if shape[0] != 1 or math.prod(shape) != values.size:
        raise InputError(f"a norm over axes {axes} of {output.shape} mixes faces")
    return values.reshape(shape[1:])


def _is_product(output: Any, module: nn.Embed) -> bool:
    return output is not None and jnp.shape(output)[-1:] == (module.num_embeddings,)


# By the very class: a class derived from one of these may do something else.
KNOWN_LAYERS: Mapping[type[nn.Module], Callable[[nn.Module, Array], Constant | None]] = {
    nn.Dense: _bias,
    nn.DenseGeneral: _bias,
    nn.Conv: _bias,
    nn.ConvLocal: _bias,
    nn.ConvTranspose: _bias,
    nn.BatchNorm: _batch_norm,
    nn.LayerNorm: _norm_bias,
    nn.GroupNorm: _norm_bias,
    nn.InstanceNorm: _norm_bias,
    nn.RMSNorm: _nothing,
    nn.PReLU: _nothing,
    nn.Embed: _embedding,
    PlaceCode: _place_code,
}
"""How to tell the constant of each kind of layer; other layers may have no parameters."""
