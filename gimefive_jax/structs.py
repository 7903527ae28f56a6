"""The pytrees that flow between the stages. Read this first."""

import dataclasses

import flax.struct
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree, UInt8

from gimefive_jax.scaling import PLAIN_SCALING, Scaling

AnyArray = Array | np.ndarray


# Later than any step: where nothing broke.
NEVER = np.iinfo(np.int32).max


@flax.struct.dataclass
class Batch:
    """Faces with their labels; `mask` is False on rows that only fill up the batch.

    Batches of several steps may be stacked: every array then has a leading axis of steps.
    """

    image: UInt8[AnyArray, "batch height width channel"]
    label: Int[AnyArray, " batch"]
    mask: Bool[AnyArray, " batch"]
    index: Int[AnyArray, " batch"]
    """Row in the split: the host joins it to the file name."""


@flax.struct.dataclass
class ResidentFaces:
    """A whole split on the devices, from which a step takes its rows."""

    image: UInt8[AnyArray, "face height width channel"]
    label: Int[AnyArray, " face"]


@flax.struct.dataclass
class ShownFaces:
    """Training faces as the network is shown them: augmented, perhaps each mixed with another."""

    grey: Float[Array, "batch height width 1"]
    """From 0 to 1, not yet normalised."""
    label: Int[Array, " batch"]
    other_label: Int[Array, " batch"]
    """Label of the face that was mixed in; the face's own where nothing is mixed."""
    share: Float[Array, " batch"]
    """How much of the face itself is left; the rest is the other's."""

    @property
    def heavier_label(self) -> Int[Array, " batch"]:
        """Label of whichever is shown more."""
        return jnp.where(self.share >= 0.5, self.label, self.other_label)


@flax.struct.dataclass
class Predictions:
    """What the model says of each face."""

    logits: Float[AnyArray, "batch emotion"]
    """As the network gave them."""
    scaling: Scaling = flax.struct.field(pytree_node=False, default=PLAIN_SCALING)
    """Makes calibrated probabilities of the logits; their softmax where the weights carry none."""

    @property
    def probabilities(self) -> Float[AnyArray, "batch emotion"]:
        """Probabilities of the categories, calibrated by `scaling`; rows sum to one."""
        return jnp.exp(self.scaling.log_probabilities(jnp.asarray(self.logits)))

    @property
    def emotion(self) -> Int[AnyArray, " batch"]:
        """Label of the most probable category."""
        return jnp.argmax(self.logits, axis=-1)


@dataclasses.dataclass(frozen=True)
class PixelScale:
    """What a network is fed for black and for white; hashable, so programs may depend on it.

    Args:
      black: The network's input for black: one number, or a tuple with one for each channel.
      white: The same for white.
      is_grey: Whether all channels show one grey, so that a pixel is one number.

    Example:
      >>> PixelScale(black=-1.0, white=3.0).to_unit(np.array([1.0])).tolist()
      [0.5]
    """

    black: float | tuple[float, ...] = 0.0
    white: float | tuple[float, ...] = 1.0
    is_grey: bool = False

    @property
    def range(self) -> Float[np.ndarray, "..."]:
        """White less black: one number, or one for each channel."""
        return np.asarray(self.white, np.float32) - np.asarray(self.black, np.float32)

    def to_input(self, unit: Float[AnyArray, "..."]) -> Float[AnyArray, "..."]:
        """Gives the network's input for pixels from 0 to 1.

        Args:
          unit: Pixels with channels last; one channel gives as many as the scale has.

        Returns:
          Input of the network.
        """
        return unit * self.range + np.asarray(self.black, np.float32)

    def to_unit(self, x: Float[AnyArray, "..."]) -> Float[AnyArray, "..."]:
        """Gives pixels from 0, black, to 1, white.

        Args:
          x: Input of the network, channels last.

        Returns:
          Pixels of the same shape.
        """
        return (x - np.asarray(self.black, np.float32)) / self.range


@flax.struct.dataclass
class Explanation:
    """Maps of one (method, layer, target) for a batch of faces.

    Where every category is explained at once, each array but the predictions has an axis `category`
    after `batch`.
    """

    heat_map: Float[AnyArray, "batch height width"]
    """Raw, signed where the method is, on the layer's own grid or that of the method."""
    target: Int[AnyArray, " batch"]
    """Label of the category whose logit is explained."""
    predictions: Predictions
    score: Float[AnyArray, " batch"]
    """What is explained, in its own units: by default the target's logit."""
    bias_effect: Float[AnyArray, " batch"] | None
    """b_eff: the part of the score that biases behind the layer bring. None where a constant behind
    it cannot be told."""
    completeness_gap: Float[AnyArray, " batch"] | None
    """|sum(map) - (score - b_eff)|: what of the score the map misses or invents; None as above. Of
    integrated gradients |sum(map) - (score - score of the baseline)|."""
    is_complete: Bool[AnyArray, " batch"] | None
    """Whether activation times gradient and b_eff add up to the score at this layer, within
    rounding; None as above."""
    unknown: str = flax.struct.field(pytree_node=False, default="")
    """Why `bias_effect` is None; empty where it is not."""


@flax.struct.dataclass
class TrainMetrics:
    """Sums over faces; divided only once, at the end."""

    loss: Float[AnyArray, ""]
    correct: Int[AnyArray, ""]
    count: Int[AnyArray, ""]
    broken_at: Int[AnyArray, ""]
    """First step whose loss was NaN or infinite; NEVER while none was."""

    @classmethod
    def zero(cls) -> "TrainMetrics":
        """Nothing counted yet."""
        # With types of their own: a weak one would not match the next step's, and compile anew.
        return cls(
            loss=jnp.zeros((), jnp.float32),
            correct=jnp.zeros((), jnp.int32),
            count=jnp.zeros((), jnp.int32),
            broken_at=jnp.full((), NEVER, jnp.int32),
        )

    def __add__(self, other: "TrainMetrics") -> "TrainMetrics":
        return TrainMetrics(
            loss=self.loss + other.loss,
            correct=self.correct + other.correct,
            count=self.count + other.count,
            broken_at=jnp.minimum(self.broken_at, other.broken_at),
        )


@flax.struct.dataclass
class LoopState:
    """What early stopping and the learning rate have to remember of the evaluations."""

    best_accuracy: Float[AnyArray, ""]
    epochs_without_better: Int[AnyArray, ""]
    stopped: Bool[AnyArray, ""]
    epochs_on_plateau: Int[AnyArray, ""]
    """Evaluations without a better one since the plateau schedule last lowered the rate."""
    rate_factor: Float[AnyArray, ""]
    """What plateaus have made of the learning rate; 1 at the start."""

    @classmethod
    def fresh(cls) -> "LoopState":
        """Nothing evaluated yet."""
        return cls(
            best_accuracy=jnp.full((), -1.0, jnp.float32),
            epochs_without_better=jnp.zeros((), jnp.int32),
            stopped=jnp.zeros((), bool),
            epochs_on_plateau=jnp.zeros((), jnp.int32),
            rate_factor=jnp.ones((), jnp.float32),
        )


@flax.struct.dataclass
class TrainState:
    """Everything a run needs to go on exactly where it was; data only."""

    step: Int[AnyArray, ""]
    params: PyTree
    batch_stats: PyTree
    opt_state: PyTree
    """Of optax."""
    averaged: PyTree
    """Averaged params and batch statistics; None where nothing is averaged."""
    metrics: TrainMetrics
    """Training loss and hits since the last evaluation."""
    loop: LoopState
