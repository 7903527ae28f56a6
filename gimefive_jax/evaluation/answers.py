"""What a model says of some faces, beside what is true of them."""

import dataclasses
import functools

import numpy as np
from jaxtyping import Bool, Float, Int

from gimefive_jax.readout import PLAIN, Readout

# The same logits in another order have sums that differ in the last of sixteen digits.
RANK_DECIMALS = 12


@dataclasses.dataclass(frozen=True, eq=False)
class Answers:
    """Logits, labels, and what follows from them."""

    logits: Float[np.ndarray, "face emotion"]
    """As the network gave them."""
    labels: Int[np.ndarray, " face"]
    readout: Readout = PLAIN
    """How the logits become probabilities."""

    @functools.cached_property
    def predicted(self) -> Int[np.ndarray, " face"]:
        """The category of the largest logit, the first one of equal ones."""
        return self.logits.argmax(1)

    @functools.cached_property
    def correct(self) -> Bool[np.ndarray, " face"]:
        """Whether it is the label."""
        return self.predicted == self.labels

    @functools.cached_property
    def log_probabilities(self) -> Float[np.ndarray, "face emotion"]:
        """Natural logarithms, in float64."""
        return self.readout.log_probabilities(self.logits)

    @functools.cached_property
    def confidence(self) -> Float[np.ndarray, " face"]:
        """Probability of the predicted category."""
        return np.exp(self.log_probabilities[np.arange(len(self.labels)), self.predicted])

    @functools.cached_property
    def ranked_by(self) -> Float[np.ndarray, " face"]:
        """Confidence to order faces by: those that differ by rounding alone are equal here."""
        return self.confidence.round(RANK_DECIMALS)

    @functools.cached_property
    def confusion(self) -> Int[np.ndarray, "emotion emotion"]:
        """Counts: row = label, column = predicted."""
        num_classes = self.logits.shape[1]
        cells = np.bincount(self.labels * num_classes + self.predicted, minlength=num_classes**2)
        return cells.reshape(num_classes, num_classes)
