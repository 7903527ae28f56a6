"""One jitted program of training, sharded over the mesh: a few steps a call."""

import dataclasses
from collections.abc import Callable, Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh
from jaxtyping import Array, Int, PyTree

from gimefive_jax import parallel
from gimefive_jax.config import ExperimentConfig, TrainingConfig
from gimefive_jax.data import BatchOrRows, select
from gimefive_jax.models import blank_face
from gimefive_jax.models.cost import both_collections
from gimefive_jax.structs import AnyArray, Batch, LoopState, ResidentFaces, TrainMetrics, TrainState
from gimefive_jax.training.faces import stream_key
from gimefive_jax.training.frozen import LayerRates
from gimefive_jax.training.gradient import Gradient, climb, make_gradient

Program = Callable[
    [TrainState, ResidentFaces | None, BatchOrRows, Int[AnyArray, " step"]],
    tuple[TrainState, TrainMetrics],
]


@dataclasses.dataclass(frozen=True)
class TrainSteps:
    """Takes as many steps as batches were sent; the old state's memory is given away."""

    program: Program
    """Jitted; takes the steps of its last argument's numbers, counted among those sent."""
    numbers: Int[np.ndarray, "call step"]

    def __call__(
        self, state: TrainState, resident: ResidentFaces | None, sent: BatchOrRows
    ) -> tuple[TrainState, TrainMetrics]:
        """Takes the steps.

        Args:
          state: Its memory is given away.
          resident: The split on the devices, where it lies there.
          sent: Batches, or rows of the resident split, one for each step.

        Returns:
          The next state, and a copy of its metrics that outlives it.
        """
        for some in self.numbers:
            state, metrics = self.program(state, resident, sent, some)
        return state, metrics


def init_state(
    model: nn.Module, optimizer: optax.GradientTransformation, config: ExperimentConfig
) -> TrainState:
    """Draws the state before the first step.

    Args:
      model: The module.
      optimizer: Its state is part of the training state.
      config: Its seed alone decides the parameters.

    Returns:
      The state, on one device.
    """
    return parallel.run_once(lambda: fresh_state(model, optimizer, config))


def fresh_state(
    model: nn.Module, optimizer: optax.GradientTransformation, config: ExperimentConfig
) -> TrainState:
    """Computes `init_state` as it is traced by `jax.jit` or `jax.eval_shape`."""
    face = jnp.zeros_like(blank_face(model, image_size=config.data.image_size))
    keys = {"params": stream_key(config.seed, "params")}
    variables = both_collections(model.init(keys, face, train=False))
    params, batch_stats = variables["params"], variables["batch_stats"]
    averaging = config.training.average_decay > 0
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        params=params,
        batch_stats=batch_stats,
        opt_state=optimizer.init(params),
        # A copy: the step donates the state, and one buffer cannot be donated twice.
        averaged=jax.tree.map(jnp.copy, _learned(params, batch_stats)) if averaging else None,
        metrics=TrainMetrics.zero(),
        loop=LoopState.fresh(),
    )


def state_shardings(state: TrainState, config: TrainingConfig, mesh: Mesh) -> PyTree:
    """Says on which devices each array of the state lies.

    Args:
      state: The state, or its shapes.
      config: With `shard_parameters` arrays are divided among the devices, else copied to each.
      mesh: The devices.

    Returns:
      A sharding for each array, in the structure of the state.
    """
    if not config.shard_parameters:
        return jax.tree.map(lambda _: parallel.replicated(mesh), state)
    return parallel.divide(state, mesh)


def make_train_steps(
    model: nn.Module,
    optimizer: optax.GradientTransformation,
    config: ExperimentConfig,
    mesh: Mesh,
    *,
    class_counts: Sequence[int] | None = None,
    loop: bool | None = None,
) -> TrainSteps:
    """Makes the program that takes `config.training.steps_per_dispatch` steps at a time.

    Batch norm sees the global batch, or a micro-batch of it, on any number of devices.

    Args:
      model: The module.
      optimizer: As `make_optimizer` makes it.
      config: The experiment.
      mesh: Devices, among which the rows of a batch are divided.
      class_counts: Training images of each category, for weights of rare ones.
      loop: Whether a program loops over its steps or is called for each, which is the same but for
        rounding; None loops where the devices do that without loss of speed.

    Returns:
      The steps, as a function of state and batches.
    """
    gradient = make_gradient(model, config, mesh, class_counts=class_counts)
    step = _make_step(gradient, optimizer, config)

    def steps(
        state: TrainState,
        resident: ResidentFaces | None,
        sent: BatchOrRows,
        numbers: Int[Array, " step"],
    ) -> tuple[TrainState, TrainMetrics]:
        def body(state: TrainState, number: object) -> tuple[TrainState, None]:
            one = jax.tree.map(lambda rows: rows[number], sent)
            return step(state, parallel.keep_rows(select(resident, one), mesh)), None

        if numbers.shape[0] == 1:
            state, _ = body(state, numbers[0])
        else:
            state, _ = jax.lax.scan(body, state, numbers)
        return state, jax.tree.map(jnp.copy, state.metrics)

    shapes = jax.eval_shape(lambda: fresh_state(model, optimizer, config))
    shardings, whole = state_shardings(shapes, config.training, mesh), parallel.replicated(mesh)
    program = jax.jit(
        steps,
        in_shardings=(shardings, whole, parallel.rows(mesh, axis=1), whole),
        out_shardings=(shardings, whole),
        donate_argnums=0,
        compiler_options=parallel.compiler_options(),
    )
    numbers = np.arange(config.training.steps_per_dispatch, dtype=np.int32)
    loop = parallel.has_fast_loops(mesh) if loop is None else loop
    return TrainSteps(program, numbers.reshape((1, -1) if loop else (-1, 1)))


def _make_step(
    gradient: Gradient, optimizer: optax.GradientTransformation, config: ExperimentConfig
) -> Callable[[TrainState, Batch], TrainState]:
    """Takes one step on one batch; not yet jitted."""
    rates = LayerRates.of(config.optimizer)

    def step(state: TrainState, batch: Batch) -> TrainState:
        grads, (batch_stats, metrics) = gradient(state, state.params, batch)
        grads = rates.stop_gradients(grads)
        if config.optimizer.sam_radius:
            uphill = climb(state.params, grads, radius=config.optimizer.sam_radius)
            # Statistics and metrics are those of the parameters themselves.
            grads, _ = gradient(state, uphill, batch)
            grads = rates.stop_gradients(grads)
        updates, opt_state = optimizer.update(grads, state.opt_state, state.params)
        if config.optimizer.schedule == "plateau":
            updates = jax.tree.map(lambda update: state.loop.rate_factor * update, updates)
        params = optax.apply_updates(state.params, rates.scale(updates))
        params = rates.keep(state.params, params)
        averaged = _average(
            state.averaged, _learned(params, batch_stats), config.training, state.step
        )
        return dataclasses.replace(
            state,
            step=state.step + 1,
            params=params,
            batch_stats=rates.keep(state.batch_stats, batch_stats),
            opt_state=opt_state,
            averaged=rates.keep(state.averaged, averaged),
            metrics=state.metrics + metrics,
        )

    return step


def evaluated_variables(state: TrainState) -> dict[str, PyTree]:
    """Picks the variables that are evaluated and kept: the averaged ones where the run averages."""
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
