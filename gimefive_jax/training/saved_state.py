"""The training state as it lies in checkpoints: fields keep the names and order they always had."""

import flax.struct
import optax
from jaxtyping import Int, PyTree

from gimefive_jax.structs import AnyArray, LoopState, TrainMetrics, TrainState


@flax.struct.dataclass
class SavedState:
    """A `TrainState` under the names of its file format.

    Names and order enter the sha256 of a checkpoint, so none of them may ever change.
    """

    step: Int[AnyArray, ""]
    params: PyTree
    batch_stats: PyTree
    opt_state: optax.OptState
    averaged: PyTree
    tally: TrainMetrics
    loop: LoopState

    @classmethod
    def of(cls, state: TrainState) -> "SavedState":
        """Returns `state` as it is written."""
        return cls(
            step=state.step,
            params=state.params,
            batch_stats=state.batch_stats,
            opt_state=state.opt_state,
            averaged=state.averaged,
            tally=state.metrics,
            loop=state.loop,
        )

    def state(self) -> TrainState:
        """Returns the state that training goes on with."""
        return TrainState(
            step=self.step,
            params=self.params,
            batch_stats=self.batch_stats,
            opt_state=self.opt_state,
            averaged=self.averaged,
            metrics=self.tally,
            loop=self.loop,
        )
