"""What every measurement needs: the model, the faces, and a way to run functions over them."""

import dataclasses
import functools
import threading
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PyTree, UInt8

from gimefive_jax.api import Classifier
from gimefive_jax.data import Split
from gimefive_jax.explanation import explain_fn
from gimefive_jax.explanation.faithfulness.given import Explain
from gimefive_jax.faces import Landmarks, split_landmarks
from gimefive_jax.faithfulness.parts import Arrays, Parts
from gimefive_jax.faithfulness.values import Answers, MapKey
from gimefive_jax.inference import Driver, FaceFunction, on_pixels
from gimefive_jax.models import input_channels, logits_fn
from gimefive_jax.preprocess import pixel_scale

Tree = TypeVar("Tree")
Made = TypeVar("Made")


@dataclasses.dataclass(frozen=True, eq=False)
class Setting:
    """A model and the faces on which its explanations are measured."""

    classifier: Classifier
    split: Split
    answers: Answers
    parts: Parts
    """Finished steps."""
    seed: int = 0
    progress: bool = False
    """Whether bars are shown."""
    _making: threading.RLock = dataclasses.field(
        default_factory=threading.RLock, init=False, repr=False
    )

    @property
    def landmarks(self) -> Landmarks:
        """Where the parts of each face lie: from the data, or found once."""
        return self.once("landmarks", self._find_landmarks)

    def _find_landmarks(self) -> Landmarks:
        def find() -> Arrays:
            words = "landmarks" if self.progress else ""
            driver = Driver(self.classifier.mesh, batch_size=64, progress=words)
            found = split_landmarks(self.split, driver=driver)
            return {"points": found.points, "found": found.found, "confidence": found.confidence}

        arrays = self.parts.get("landmarks", np.arange(len(self.split)), find)
        return Landmarks(**arrays)

    @property
    def mean_face(self) -> Float[np.ndarray, "height width channel"]:
        """The mean of the split as input of the network."""
        return self.once("mean face", self._compute_mean_face)

    def _compute_mean_face(self) -> Float[np.ndarray, "height width channel"]:
        channels = input_channels(self.classifier.model)
        driver = Driver(self.classifier.mesh, self.classifier.config.evaluation.batch_size)
        total = np.zeros((*self.split.images.shape[1:3], channels))
        identity = on_pixels(lambda _, x: x, channels=channels)
        for _, x in driver.stream(identity, (), self.split.images):
            total += np.asarray(x).sum(0, dtype=np.float64)
        return (total / len(self.split)).astype(np.float32)

    def explain(self, key: MapKey) -> Explain:
        """Gives the maps of a method as a pure function of variables, network input and targets.

        Args:
          key: Of a method.
        """

        def make() -> Explain:
            model = self.classifier.model
            explain = explain_fn(
                logits_fn(model),
                methods=(key.method,),
                layers=(key.layer,),
                pixels=pixel_scale(input_channels(model)),
            )

            def maps(variables: PyTree, x: Array, target: Array) -> Array:
                [found] = explain(variables, x, target).explanations.values()
                return jnp.asarray(found.heat_map)

            return maps

        return self.once(("explain", key), make)

    def once(self, name: Hashable, make: Callable[[], Made]) -> Made:
        """Gives what `make` makes, made once also where several threads ask for it.

        A function that is made anew would be compiled anew.

        Args:
          name: What it depends on.
          make: Makes it.
        """
        with self._making:
            if name not in self._made:
                self._made[name] = make()
            return cast(Made, self._made[name])

    @functools.cached_property
    def _made(self) -> dict[Hashable, object]:
        return {}

    def run(
        self,
        function: FaceFunction[Tree],
        rows: Int[np.ndarray, " row"],
        *columns: np.ndarray,
        words: str = "",
        batch_size: int | None = None,
    ) -> Tree:
        """Runs a function of the model's variables over some faces.

        Args:
          function: Pure `(variables, faces, *columns)` of uint8 faces.
          rows: Faces of the split.
          *columns: Further arrays with a row per face of `rows`.
          words: Beside the progress bar.
          batch_size: Faces per step; by default that of explanations.

        Returns:
          Its results, with a row per face of `rows`.
        """
        driver = Driver(
            self.classifier.mesh,
            batch_size or self.classifier.config.explanation.batch_size,
            progress=words if self.progress else "",
        )
        variables = self.classifier.placed_variables
        return driver.run(function, variables, self.images(rows), *columns)

    def images(
        self, rows: Int[np.ndarray, " row"]
    ) -> UInt8[np.ndarray, "row height width channel"]:
        """Gives the pixels of some faces.

        Args:
          rows: Faces of the split.
        """
        # All of them stay mapped from disk.
        return self.split.images if len(rows) == len(self.split) else self.split.images[rows]

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
