"""Our side of a case. Nothing here needs torch."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import PyTree

from gimefive_jax.explanation import Capture, capture
from gimefive_jax.models import logits_fn
from gimefive_jax.training.optimizer import make_optimizer
from tests.equivalence.case import (
    LABELS,
    RECIPE,
    Case,
    Explained,
    Precision,
    Step,
    explained_faces,
    faces,
    model,
    remembered,
    variables,
)


@remembered
def explained(case: Case) -> Explained:
    """Our side in eval mode."""
    layers = (case.layer, case.convolution)
    run = jax.jit(
        functools.partial(
            capture, logits_fn(model(case)), layers=layers, recorded=tuple(case.blocks)
        )
    )
    with jax.default_matmul_precision("highest"):
        found: Capture = run(
            variables(case), jnp.asarray(explained_faces(case)), jnp.asarray(LABELS)
        )
    return Explained(
        activations={name: np.asarray(grid) for name, grid in found.activations.items()},
        logits=np.asarray(found.logits),
        gradients={name: np.asarray(grid) for name, grid in found.gradients.items()},
    )


@remembered
def trained(case: Case, precision: Precision, num_steps: int) -> list[Step]:
    """Our side of steps of the paper's recipe, with batch statistics and without dropout."""
    with jax.enable_x64(precision == "float64"), jax.default_matmul_precision("highest"):
        optimizer = make_optimizer(RECIPE, optax.constant_schedule(RECIPE.learning_rate))
        step = jax.jit(functools.partial(_train_step, model(case), optimizer))
        start = _cast(variables(case), precision)
        params, stats = start["params"], start["batch_stats"]
        opt_state = jax.jit(optimizer.init)(params)
        steps = []
        for number in range(num_steps):
            batch = jnp.asarray(faces(number), precision)
            loss, grads, params, stats, opt_state = step(params, stats, opt_state, batch)
            momentum = optax.tree_utils.tree_get(opt_state, "trace")
            steps.append(Step(float(loss), *jax.device_get((grads, momentum, params, stats))))
    return steps


def _train_step(
    model: nn.Module,
    optimizer: optax.GradientTransformation,
    params: PyTree,
    stats: PyTree,
    opt_state: optax.OptState,
    faces: jax.Array,
) -> tuple[jax.Array, PyTree, PyTree, PyTree, optax.OptState]:
    def loss_of(params: PyTree) -> tuple[jax.Array, PyTree]:
        logits, changes = model.apply(
            {"params": params, "batch_stats": stats}, faces, train=True, mutable="batch_stats"
        )
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, LABELS)
        return losses.mean(), changes["batch_stats"]

    (loss, stats), grads = jax.value_and_grad(loss_of, has_aux=True)(params)
    updates, opt_state = optimizer.update(grads, opt_state, params)
    return loss, grads, optax.apply_updates(params, updates), stats, opt_state


def _cast(tree: PyTree, precision: Precision) -> PyTree:
    return jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf), precision), tree)
