"""How a model's logits become probabilities, on the host; `Predictions` does it on the devices."""

import dataclasses
from typing import Literal

import numpy as np
from jaxtyping import Float

from gimefive_jax.structs import Predictions

View = Literal["plain", "flip"]


@dataclasses.dataclass(frozen=True)
class Readout:
    """Which views of a face give its logits, and the temperature that calibrates them.

    References:
      Guo et al., 2017, "On calibration of modern neural networks", https://arxiv.org/abs/1706.04599

    Example:
      >>> import numpy as np
      >>> Readout(temperature=2.0).probabilities(np.zeros((1, 4), np.float32))
      array([[0.25, 0.25, 0.25, 0.25]])
    """

    flip: bool = False
    """Whether logits are averages over a face and its mirror image."""
    temperature: float = 1.0
    """Divides the logits; 1 leaves them as they are. It holds for the views it was fitted on."""
    source: str = ""
    """Where the temperature comes from, in words; empty where there is none."""

    @property
    def view(self) -> View:
        """`flip` where mirror images are averaged, else `plain`."""
        return "flip" if self.flip else "plain"

    @property
    def is_calibrated(self) -> bool:
        """Whether probabilities differ from the softmax of the logits."""
        return self.temperature != 1

    def log_probabilities(
        self, logits: Float[np.ndarray, "face emotion"]
    ) -> Float[np.ndarray, "face emotion"]:
        """Computes logarithms of the calibrated probabilities on the host.

        Args:
          logits: As the network gave them, `[face, emotion]`.

        Returns:
          Natural logarithms, `[face, emotion]`, in float64.
        """
        return log_softmax(logits / self.temperature)

    def probabilities(
        self, logits: Float[np.ndarray, "face emotion"]
    ) -> Float[np.ndarray, "face emotion"]:
        """Computes the calibrated probabilities on the host.

        Args:
          logits: As the network gave them, `[face, emotion]`.

        Returns:
          Probabilities, `[face, emotion]`, in float64; rows sum to one.
        """
        return np.exp(self.log_probabilities(logits))

    def apply(self, predictions: Predictions) -> Predictions:
        """Calibrates predictions; their logits stay as the network gave them.

        Args:
          predictions: Of faces in the views of this readout, or of the plain face.

        Returns:
          The same logits, with probabilities at this temperature.
        """
        return dataclasses.replace(predictions, temperature=self.temperature)


PLAIN = Readout()
"""The softmax of the logits of the face as it is."""


def log_softmax(logits: Float[np.ndarray, "face emotion"]) -> Float[np.ndarray, "face emotion"]:
    """Computes logarithms of the softmax in float64.

    Args:
      logits: Of any floating type, `[face, emotion]`.

    Returns:
      Natural logarithms of the probabilities, `[face, emotion]`.
    """
    wide = logits.astype(np.float64)
    shifted = wide - wide.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
