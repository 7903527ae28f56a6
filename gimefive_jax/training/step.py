"""One jitted step of training, sharded over the mesh."""

import dataclasses
from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh
from jaxtyping import Array, Float, Int, PyTree

from gimefive_jax import parallel, preprocess
from gimefive_jax.config import ExperimentConfig, TrainingConfig
from gimefive_jax.models import blank_face
from gimefive_jax.structs import AnyArray, Batch, LoopState, ShownFaces, Tally, TrainState
from gimefive_jax.training.faces import shown_faces, stream_key

TrainStep = Callable[[TrainState, Batch], TrainState]


def init_state(
    model: nn.Module, optimizer: optax.GradientTransformation, config: ExperimentConfig
) -> TrainState:
    """State before the first step, from `config.seed` alone."""
    face = jnp.zeros_like(blank_face(model, image_size=config.data.image_size))
    variables = model.init({"params": stream_key(config.seed, "params")}, face, train=False)
    params, batch_stats = variables["params"], variables["batch_stats"]
    averaging = config.training.average_decay > 0
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        params=params,
        batch_stats=batch_stats,
        opt_state=optimizer.init(params),
        # A copy: the step donates the state, and one buffer cannot be donated twice.
        averaged=jax.tree.map(jnp.copy, _learned(params, batch_stats)) if averaging else None,
        tally=Tally.zero(),
        loop=LoopState(
            best_accuracy=jnp.full((), -1.0),
            epochs_without_better=jnp.zeros((), jnp.int32),
            stopped=jnp.zeros((), bool),
        ),
    )


def make_train_step(
    model: nn.Module,
    optimizer: optax.GradientTransformation,
    config: ExperimentConfig,
    mesh: Mesh,
) -> TrainStep:
    """Step that returns the next state; it gives the old one's memory away.

    Batch norm sees the global batch: the rows are sharded, the program is one.
    """

    def loss_of(
        params: PyTree, batch_stats: PyTree, batch: Batch, step: Int[AnyArray, ""]
    ) -> tuple[Float[Array, ""], tuple[PyTree, Tally]]:
        faces = shown_faces(batch, step, config=config.data.augmentation, seed=config.seed)
        logits, changes = model.apply(
            {"params": params, "batch_stats": batch_stats},
            preprocess.normalise(faces.grey, channels=model.input_channels),
            train=True,
            rngs={"dropout": jax.random.fold_in(stream_key(config.seed, "dropout"), step)},
            mutable="batch_stats",
        )
        loss = cross_entropy(logits, faces, smoothing=config.training.label_smoothing)
        tally = Tally(
            loss=loss.sum(),
            correct=(logits.argmax(-1) == faces.heavier_label).sum(),
            count=jnp.full((), loss.shape[0]),
        )
        return loss.mean(), (changes["batch_stats"], tally)

    def step(state: TrainState, batch: Batch) -> TrainState:
        grads, (batch_stats, tally) = jax.grad(loss_of, has_aux=True)(
            state.params, state.batch_stats, batch, state.step
        )
        updates, opt_state = optimizer.update(grads, state.opt_state, state.params)
        params = optax.apply_updates(state.params, updates)
        return dataclasses.replace(
            state,
            step=state.step + 1,
            params=params,
            batch_stats=batch_stats,
            opt_state=opt_state,
            averaged=_average(
                state.averaged, _learned(params, batch_stats), config.training, state.step
            ),
            tally=state.tally + tally,
        )

    whole = parallel.replicated(mesh)
    return jax.jit(
        step, in_shardings=(whole, parallel.rows(mesh)), out_shardings=whole, donate_argnums=0
    )


def evaluated_variables(state: TrainState) -> dict[str, PyTree]:
    """Variables a user gets: the averaged ones where the run averages."""
    if state.averaged is not None:
        return state.averaged
    return _learned(state.params, state.batch_stats)


def _learned(params: PyTree, batch_stats: PyTree) -> dict[str, PyTree]:
    return {"params": params, "batch_stats": batch_stats}


def _average(
    averaged: PyTree, new: PyTree, training: TrainingConfig, step: Int[AnyArray, ""]
) -> PyTree:
    if averaged is None:
        return None
    # Early in a run the average would be mostly the random start: let it follow faster.
    decay = jnp.minimum(training.average_decay, (1.0 + step) / (10.0 + step))
    return jax.tree.map(lambda old, value: decay * old + (1 - decay) * value, averaged, new)


def cross_entropy(
    logits: Float[Array, "batch emotion"], faces: ShownFaces, *, smoothing: float
) -> Float[Array, " batch"]:
    """Loss in nats of each face: of its own label and the mixed-in one, by their shares."""
    own, other = (
        jax.nn.one_hot(label, logits.shape[-1]) for label in (faces.label, faces.other_label)
    )
    share = faces.share[:, None]
    wanted = optax.smooth_labels(share * own + (1 - share) * other, smoothing)
    return optax.softmax_cross_entropy(logits, wanted)
