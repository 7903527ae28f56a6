"""Muon: momentum made orthogonal, for kernels; Adam for what is no matrix, and for the logits."""

import jax
import jax.numpy as jnp
import optax
from jaxtyping import PyTree
from optax import contrib

from gimefive_jax.config import OptimizerConfig

# Layers whose kernels are no maps between features: their columns are categories.
_OUTPUTS = frozenset({"logits", "evidence"})


def muon_direction(config: OptimizerConfig) -> optax.GradientTransformation:
    """Returns directions of steps, to be scaled by `config.learning_rate`.

    A kernel of k x k x inputs x outputs is a matrix of k k inputs rows and `outputs` columns. Its
    momentum is replaced by the nearest matrix with orthogonal columns or rows (five Newton-Schulz
    steps), times sqrt(outputs / rows) where that is above 1: no direction that gradients rarely
    point to is left behind.

    Args:
      config: `momentum` and `nesterov` are Muon's; `rest_learning_rate` is Adam's peak rate, which
        follows the same schedule.

    Returns:
      An optax transformation.

    References:
      Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/
    """
    # The chain behind this one multiplies both by Muon's rate.
    ratio = config.rest_learning_rate / config.learning_rate
    return optax.partition(
        {
            "muon": optax.chain(
                contrib.scale_by_muon(
                    beta=config.momentum,
                    nesterov=config.nesterov,
                    weight_dimension_numbers=_as_matrices,
                ),
                optax.stateless(_scale_by_shape),
            ),
            "rest": optax.chain(optax.scale_by_adam(), optax.scale(ratio)),
        },
        _labels,
    )


def _labels(params: PyTree) -> PyTree:
    def label(path: tuple[jax.tree_util.DictKey, ...], param: jax.Array) -> str:
        names = [key.key for key in path]
        is_matrix = param.ndim >= 2 and names[-1] == "kernel"
        return "muon" if is_matrix and _OUTPUTS.isdisjoint(names) else "rest"

    return jax.tree_util.tree_map_with_path(label, params)


def _as_matrices(params: PyTree) -> PyTree:
    """All axes but the last are rows; places of masked parameters stay as they are."""
    return jax.tree.map(
        lambda param: contrib.MuonDimensionNumbers(tuple(range(param.ndim - 1)), param.ndim - 1),
        params,
    )


def _scale_by_shape(updates: PyTree, params: PyTree | None = None) -> PyTree:
    def scale(update: jax.Array) -> jax.Array:
        outputs = update.shape[-1]
        return update * jnp.sqrt(max(1.0, outputs * outputs / update.size))

    return jax.tree.map(scale, updates)
