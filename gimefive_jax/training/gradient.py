"""Gradient of the loss of a batch: whole or in micro-batches, in either precision."""

from collections.abc import Callable, Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh
from jaxtyping import Array, Float, Int, PyTree

from gimefive_jax import parallel, preprocess
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.models import input_channels
from gimefive_jax.structs import NEVER, Batch, ShownFaces, TrainMetrics, TrainState
from gimefive_jax.training.faces import shown_faces, stream_key
from gimefive_jax.training.frozen import LayerRates
from gimefive_jax.training.loss import make_loss

Gradients = tuple[PyTree, tuple[PyTree, TrainMetrics]]
Gradient = Callable[[TrainState, PyTree, Batch], Gradients]


def make_gradient(
    model: nn.Module,
    config: ExperimentConfig,
    mesh: Mesh,
    *,
    class_counts: Sequence[int] | None = None,
) -> Gradient:
    """Makes the gradient of the mean loss of a batch.

    Args:
      model: The module.
      config: The experiment. With several micro-batches the mean of their gradients is taken, and
        each is normalised by its own batch statistics.
      mesh: Devices, among which the rows of a batch are divided.
      class_counts: Training images of each category, for weights of rare ones.

    Returns:
      Function of state, parameters and batch that gives the gradient, the batch statistics after
      the batch, and its metrics.
    """
    grads_of = jax.grad(_make_batch_loss(model, config, class_counts), has_aux=True)
    count = config.training.micro_batches

    def gradient(state: TrainState, params: PyTree, batch: Batch) -> Gradients:
        faces = shown_faces(batch, state.step, config=config.data.augmentation, seed=config.seed)
        if count == 1:
            return grads_of(params, state.batch_stats, faces, step=state.step, part=None)

        def body(
            carry: Gradients, part: tuple[Int[Array, ""], ShownFaces]
        ) -> tuple[Gradients, None]:
            summed, (batch_stats, metrics) = carry
            grads, (batch_stats, more) = grads_of(
                params, batch_stats, part[1], step=state.step, part=part[0]
            )
            return (jax.tree.map(jnp.add, summed, grads), (batch_stats, metrics + more)), None

        parts = jax.tree.map(lambda x: x.reshape(count, -1, *x.shape[1:]), faces)
        parts = parallel.keep_rows(parts, mesh, axis=1)
        zero = jax.tree.map(jnp.zeros_like, params)
        start = (zero, (state.batch_stats, TrainMetrics.zero()))
        unroll = 1 if parallel.has_fast_loops(mesh) else count
        (grads, rest), _ = jax.lax.scan(body, start, (jnp.arange(count), parts), unroll=unroll)
        return jax.tree.map(lambda grad: grad / count, grads), rest

    return gradient


def _make_batch_loss(
    model: nn.Module, config: ExperimentConfig, class_counts: Sequence[int] | None
) -> Callable[..., tuple[Float[Array, ""], tuple[PyTree, TrainMetrics]]]:
    """Mean loss of a whole or a micro-batch; beside it the batch statistics and metrics."""
    loss_of_faces = make_loss(config.training, class_counts)
    dtype = jnp.dtype(config.training.precision)
    rates = LayerRates.of(config.optimizer)

    def loss(
        params: PyTree,
        batch_stats: PyTree,
        faces: ShownFaces,
        *,
        step: Int[Array, ""],
        part: Int[Array, ""] | None,
    ) -> tuple[Float[Array, ""], tuple[PyTree, TrainMetrics]]:
        key = jax.random.fold_in(stream_key(config.seed, "dropout"), step)
        face = preprocess.normalise(faces.grey, channels=input_channels(model))
        with rates.evaluating_frozen():
            logits, changes = model.apply(
                {"params": _cast(params, dtype), "batch_stats": batch_stats},
                face.astype(dtype),
                train=True,
                rngs={"dropout": key if part is None else jax.random.fold_in(key, part)},
                mutable="batch_stats",
            )
        losses = loss_of_faces(logits.astype(jnp.float32), faces)
        mean = losses.mean()
        metrics = TrainMetrics(
            loss=losses.sum(),
            correct=(logits.argmax(-1) == faces.heavier_label).sum(),
            count=jnp.full((), losses.shape[0], jnp.int32),
            broken_at=jnp.where(jnp.isfinite(mean), NEVER, step),
        )
        return mean, (changes.get("batch_stats", batch_stats), metrics)

    return loss


def climb(params: PyTree, grads: PyTree, *, radius: float) -> PyTree:
    """Moves the parameters up the gradient, for sharpness-aware minimisation.

    Args:
      params: The parameters.
      grads: Their gradient.
      radius: Length of the move over all parameters.

    Returns:
      The moved parameters.

    References:
      Foret et al., 2021, https://arxiv.org/abs/2010.01412
    """
    scale = radius / (optax.tree.norm(grads) + 1e-12)
    return jax.tree.map(lambda param, grad: param + scale * grad, params, grads)


def _cast(params: PyTree, dtype: jnp.dtype) -> PyTree:
    # Batch norm computes its means in float32 whatever it is given; layers follow their parameters.
    return jax.tree.map(lambda param: param.astype(dtype), params)
