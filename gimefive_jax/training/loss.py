"""The training loss: cross-entropy, with weights or logit adjustment for rare categories."""

from collections.abc import Callable, Sequence

import jax
import numpy as np
import optax
from jaxtyping import Array, Float

from gimefive_jax.config import TrainingConfig
from gimefive_jax.errors import InputError
from gimefive_jax.structs import ShownFaces

Loss = Callable[[Float[Array, "batch emotion"], ShownFaces], Float[Array, " batch"]]


def make_loss(config: TrainingConfig, class_counts: Sequence[int] | None = None) -> Loss:
    """Loss in nats of each face; `class_counts` are the training faces of each category.

    The mean over a batch is a plain mean: weights are 1 on average over the training faces, not
    over each batch, so that a batch's parts and devices may be averaged in turn.
    """
    weights = class_weights(class_counts, config.class_weighting)
    priors = _log_frequencies(class_counts) * config.logit_adjustment

    def loss(logits: Float[Array, "batch emotion"], faces: ShownFaces) -> Float[Array, " batch"]:
        wanted = weights * wanted_shares(
            faces, num_classes=logits.shape[-1], smoothing=config.label_smoothing
        )
        return optax.softmax_cross_entropy(logits + priors, wanted)

    needed = config.class_weighting or config.logit_adjustment
    if needed and (class_counts is None or not all(class_counts)):
        raise InputError(
            "training.class_weighting and training.logit_adjustment need faces of every category; "
            f"the train split holds {class_counts}: set both to 0"
        )
    return loss


def wanted_shares(
    faces: ShownFaces, *, num_classes: int, smoothing: float
) -> Float[Array, "batch emotion"]:
    """Target distribution: a face's own label and the mixed-in one by their shares, smoothed."""
    own, other = (jax.nn.one_hot(label, num_classes) for label in (faces.label, faces.other_label))
    share = faces.share[:, None]
    return optax.smooth_labels(share * own + (1 - share) * other, smoothing)


def class_weights(
    class_counts: Sequence[int] | None, power: float
) -> Float[np.ndarray, " emotion"] | float:
    """Weight of each category: its frequency to the power of -`power`, 1 on average over faces."""
    if not power or class_counts is None or not all(class_counts):
        return 1.0
    shares = _shares(class_counts)
    weights = shares**-power
    return (weights / (shares * weights).sum()).astype(np.float32)


def _log_frequencies(class_counts: Sequence[int] | None) -> Float[np.ndarray, " emotion"] | float:
    if class_counts is None or not all(class_counts):
        return 0.0
    return np.log(_shares(class_counts)).astype(np.float32)


def _shares(class_counts: Sequence[int]) -> Float[np.ndarray, " emotion"]:
    return np.asarray(class_counts, np.float64) / sum(class_counts)
