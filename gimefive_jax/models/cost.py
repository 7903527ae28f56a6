"""What a model costs: parameters and arithmetic, from shapes alone."""

import dataclasses
import functools
import math
from collections.abc import Mapping

import flax.linen as nn
import jax
from jaxtyping import PyTree

from gimefive_jax import kept_programs
from gimefive_jax.models.inputs import blank_face, model_words


@dataclasses.dataclass(frozen=True)
class Cost:
    """Size of a model, and the work of one face."""

    num_parameters: int
    flops: float
    """Floating-point operations of a forward pass; a multiplication and an addition are two.

    As XLA counts them: what a convolution would multiply with its padding is left out."""


def variable_shapes(model: nn.Module, *, image_size: int) -> dict[str, PyTree]:
    """Returns the shapes of the model's variables; nothing is initialised.

    Args:
        model: An untrained module.
        image_size: Side of the square images, in pixels.

    Returns:
        `params` and `batch_stats`, the latter empty for a model without batch norms.
    """
    face, words = blank_face(model, image_size=image_size), model_words(model)

    def shapes() -> dict[str, PyTree]:
        init = functools.partial(model.init, train=False)
        return both_collections(jax.eval_shape(init, jax.random.key(0), face))

    return kept_programs.recalled(words and f"variable shapes {image_size} {words}", shapes)


def both_collections(variables: Mapping[str, PyTree]) -> dict[str, PyTree]:
    """Returns `params` and `batch_stats` of initialised variables; none need have been made."""
    return {name: variables.get(name, {}) for name in ("params", "batch_stats")}


def count_parameters(params: PyTree) -> int:
    """Returns the number of values in a tree of arrays or of their shapes."""
    return sum(leaf.size for leaf in jax.tree.leaves(params))


def measure_cost(model: nn.Module, *, image_size: int) -> Cost:
    """Measures a model from shapes alone; nothing is computed or compiled.

    Args:
        model: An untrained module.
        image_size: Side of the square face, in pixels.

    Returns:
        Parameters, and operations for one face.
    """
    variables = variable_shapes(model, image_size=image_size)
    forward = jax.jit(functools.partial(model.apply, train=False))
    # As a TPU would: on CPU wide convolutions are computed in fewer multiplications.
    face = blank_face(model, image_size=image_size)
    lowered = forward.trace(variables, face).lower(lowering_platforms=("tpu",))
    analysis = lowered.cost_analysis() or {}
    return Cost(
        num_parameters=count_parameters(variables["params"]),
        flops=float(analysis.get("flops", math.nan)),
    )
