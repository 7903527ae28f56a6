"""How a model's logits become probabilities, on the host; `Predictions` does it on the devices."""

import dataclasses
from typing import Literal

import numpy as np
from jaxtyping import Float

from gimefive_jax.scaling import PLAIN_SCALING, Scaling
from gimefive_jax.structs import Predictions

View = Literal["plain", "flip"]


@dataclasses.dataclass(frozen=True)
class Readout:
    """Which views of a face give its logits, and the scaling that calibrates them.

    Example:
      >>> import numpy as np
      >>> readout = Readout(scaling=Scaling("temperature", (2.0,)))
      >>> readout.probabilities(np.zeros((1, 4), np.float32))
      array([[0.25, 0.25, 0.25, 0.25]])
    """

    flip: bool = False
    """Whether logits are averages over a face and its mirror image."""
    scaling: Scaling = PLAIN_SCALING
    """It holds for the views it was fitted on."""
    source: str = ""
    """Where the scaling comes from, in words; empty where there is none."""

    @property
    def view(self) -> View:
        """`flip` where mirror images are averaged, else `plain`."""
        return "flip" if self.flip else "plain"

    @property
    def is_calibrated(self) -> bool:
        """Whether probabilities differ from the softmax of the logits."""
        return not self.scaling.is_plain

    @property
    def word(self) -> Literal["calibrated", "raw"]:
        """What probabilities of this readout are called wherever they are shown."""
        return "calibrated" if self.is_calibrated else "raw"

    def log_probabilities(
        self, logits: Float[np.ndarray, "face emotion"]
    ) -> Float[np.ndarray, "face emotion"]:
        """Computes logarithms of the calibrated probabilities on the host.

        Args:
          logits: As the network gave them, `[face, emotion]`.

        Returns:
          Natural logarithms, `[face, emotion]`, in float64.
        """
        return np.asarray(self.scaling.log_probabilities(np.asarray(logits, np.float64)))

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
          The same logits, with calibrated probabilities.
        """
        return dataclasses.replace(predictions, scaling=self.scaling)


PLAIN = Readout()
"""The softmax of the logits of the face as it is."""
