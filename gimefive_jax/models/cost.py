"""What a model costs: parameters and arithmetic, from shapes alone."""

import dataclasses
import functools
import math

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import PyTree


@dataclasses.dataclass(frozen=True)
class Cost:
    """Size of a model, and the work of one face."""

    num_parameters: int
    flops: float
    """Floating-point operations of a forward pass; a multiplication and an addition are two.

    As XLA counts them: what a convolution would multiply with its padding is left out."""


def variable_shapes(model: nn.Module, *, image_size: int) -> PyTree:
    """Shapes of the model's variables; nothing is initialised."""
    init = functools.partial(model.init, train=False)
    return jax.eval_shape(init, jax.random.key(0), _face(image_size))


def measure_cost(model: nn.Module, *, image_size: int) -> Cost:
    """Cost of `model` for a face of `image_size` pixels a side; nothing is computed or compiled."""
    variables = variable_shapes(model, image_size=image_size)
    forward = jax.jit(functools.partial(model.apply, train=False))
    # As a TPU would: on CPU wide convolutions are computed in fewer multiplications.
    lowered = forward.trace(variables, _face(image_size)).lower(lowering_platforms=("tpu",))
    analysis = lowered.cost_analysis() or {}
    return Cost(
        num_parameters=sum(leaf.size for leaf in jax.tree.leaves(variables["params"])),
        flops=float(analysis.get("flops", math.nan)),
    )


def _face(image_size: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((1, image_size, image_size, 3), jnp.float32)
