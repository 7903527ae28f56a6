"""What every measurement needs: the model, the faces, and a way to run functions over them."""

import dataclasses
from typing import TypeVar

import numpy as np
from jaxtyping import Int

from gimefive_jax.api import Classifier
from gimefive_jax.data import Split
from gimefive_jax.faithfulness.values import Answers
from gimefive_jax.inference import Driver, FaceFunction

Tree = TypeVar("Tree")


@dataclasses.dataclass(frozen=True, eq=False)
class Setting:
    """A model and the faces on which its explanations are measured."""

    classifier: Classifier
    split: Split
    answers: Answers
    seed: int = 0
    progress: bool = False
    """Whether bars are shown."""

    def run(
        self,
        function: FaceFunction[Tree],
        rows: Int[np.ndarray, " row"],
        *columns: np.ndarray,
        words: str = "",
    ) -> Tree:
        """Runs a function of the model's variables over some faces.

        Args:
          function: Pure `(variables, faces, *columns)` of uint8 faces.
          rows: Faces of the split.
          *columns: Further arrays with a row per face of `rows`.
          words: Beside the progress bar.

        Returns:
          Its results, with a row per face of `rows`.
        """
        driver = Driver(
            self.classifier.mesh,
            self.classifier.config.explanation.batch_size,
            progress=words if self.progress else "",
        )
        images = self.split.images if len(rows) == len(self.split) else self.split.images[rows]
        return driver.run(function, self.classifier.placed_variables, images, *columns)

    def targets(self, rows: Int[np.ndarray, " row"]) -> Int[np.ndarray, " row"]:
        """Gives the explained category of some faces, which is the predicted one.

        Args:
          rows: Faces of the split.
        """
        return self.answers.predicted[rows].astype(np.int32)


def answers_of(classifier: Classifier, split: Split, logits: np.ndarray) -> Answers:
    """Gives what the network says of each face, as it is and not averaged with its mirror image.

    Args:
      classifier: The model.
      split: The faces.
      logits: The network's, `[face, category]`.
    """
    predicted = logits.argmax(1)
    probabilities = classifier.readout.probabilities(logits)
    return Answers(
        predicted=predicted,
        label=np.asarray(split.labels),
        probability=probabilities[np.arange(len(predicted)), predicted],
    )
