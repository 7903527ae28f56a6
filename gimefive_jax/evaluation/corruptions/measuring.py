"""Runs a model over corrupted faces: one more program in all, whatever the strengths."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree
from tqdm import tqdm

from gimefive_jax import parallel
from gimefive_jax.data import Split
from gimefive_jax.data.pictures import pictures_of
from gimefive_jax.evaluation.answers import Answers
from gimefive_jax.evaluation.corruptions.corruption import CORRUPTIONS, make_view
from gimefive_jax.evaluation.corruptions.operations import Boxes, Faces, Index
from gimefive_jax.evaluation.corruptions.robustness import (
    CorruptedAnswers,
    Robustness,
    summarise,
)
from gimefive_jax.inference import Driver, FaceFunction, View, place
from gimefive_jax.readout import Readout
from gimefive_jax.structs import Predictions

_IN_JAX = {name: one.operation for name, one in CORRUPTIONS.items() if one.operation is not None}


@dataclasses.dataclass(frozen=True)
class PartBoxes:
    """Where eyes and mouth lie in faces."""

    boxes: Float[np.ndarray, "face 2 4"]
    """Left, top, right and bottom of eyes and of mouth, in pixels of the face."""
    found: Bool[np.ndarray, " face"]
    """False where a box is that of other faces."""


def measure_robustness(
    function: FaceFunction[Predictions],
    variables: PyTree,
    split: Split,
    *,
    driver: Driver,
    readout: Readout,
    num_in_split: int,
    parts: PartBoxes | None = None,
    progress: bool = False,
) -> Robustness:
    """Measures accuracy under every corruption at every strength.

    Each of the 10 corruptions takes 5 passes over the faces. Those that jax computes are branches
    of one program, which takes the corruption and the strength as numbers; JPEG is written on the
    host, in front of the program for faces as they are.

    Args:
      function: `(variables, faces) -> Predictions`, as `evaluate.predict_fn` gives it.
      variables: Of the model.
      split: The faces.
      driver: Devices and batch size; a view on the host that it has sees the faces first.
      readout: How logits become probabilities, for the confidence.
      num_in_split: Faces that those of `split` were chosen from.
      parts: Where eyes and mouth are; None leaves out what covers them.
      progress: Whether a bar is shown.

    Returns:
      Curves and mean drops.
    """
    variables = place(variables, driver.mesh)
    work = _Work(function, corrupted_fn(function), variables, split, driver, readout, parts)
    names = [name for name, one in CORRUPTIONS.items() if parts is not None or not one.needs_boxes]
    clean = work.answers(driver.run(function, variables, split.images, index=split.index))
    total = sum(len(CORRUPTIONS[name].strengths) for name in names)
    silent = not (progress and parallel.is_first())
    with tqdm(total=total, disable=silent, desc="corruptions", unit="pass") as bar:
        corrupted = tuple(work.corrupted(name, bar) for name in names)
    return summarise(
        clean,
        corrupted,
        num_in_split=num_in_split,
        num_located=0 if parts is None else int(parts.found.sum()),
        pictures=pictures_of(split),
    )


def corrupted_fn(function: FaceFunction[Predictions]) -> FaceFunction[Predictions]:
    """Gives a function of faces as one of corrupted faces, whose corruption is a number.

    Args:
      function: `(variables, faces) -> Predictions`.

    Returns:
      `((variables, kind, strength), faces, index, boxes) -> Predictions`, where `kind` counts the
      corruptions that jax computes.
    """
    operations = list(_IN_JAX.values())

    def corrupted(
        setting: tuple[PyTree, Int[Array, ""], Float[Array, ""]],
        faces: Faces,
        index: Index,
        boxes: Boxes,
    ) -> Predictions:
        variables, kind, strength = setting
        # Only the corruption stands in the branches: the network is the same behind all of them.
        changed = jax.lax.switch(kind, operations, jnp.asarray(faces), index, strength, boxes)
        return function(variables, changed)

    return corrupted


@dataclasses.dataclass(frozen=True, eq=False)
class _Work:
    function: FaceFunction[Predictions]
    corrupted_function: FaceFunction[Predictions]
    variables: PyTree
    split: Split
    driver: Driver
    readout: Readout
    parts: PartBoxes | None

    def corrupted(self, name: str, bar: tqdm) -> CorruptedAnswers:
        """Answers at each strength of a corruption."""
        one, found = CORRUPTIONS[name], []
        for strength in one.strengths:
            found.append(self.answers(self._predict(name, strength)))
            bar.update()
        return CorruptedAnswers(name, one.title, one.unit, one.strengths, tuple(found))

    def _predict(self, name: str, strength: float) -> Predictions:
        images, index = self.split.images, self.split.index
        if name not in _IN_JAX:
            view = _both(self.driver.view, make_view(name, strength))
            driver = dataclasses.replace(self.driver, view=view)
            return driver.run(self.function, self.variables, images, index=index)
        kind = list(_IN_JAX).index(name)
        numbers = place((np.int32(kind), np.float32(strength)), self.driver.mesh)
        boxes = np.zeros((len(index), 2, 4)) if self.parts is None else self.parts.boxes
        columns = (index.astype(np.int32), boxes.astype(np.float32))
        setting = (self.variables, *numbers)
        return self.driver.run(self.corrupted_function, setting, images, *columns, index=index)

    def answers(self, found: Predictions) -> Answers:
        """What the model says of the faces, beside their labels."""
        return Answers(np.asarray(found.logits), np.asarray(self.split.labels), self.readout)


def _both(first: View | None, second: View) -> View:
    """One view of the host behind another."""
    if first is None:
        return second
    if not first.on_host:
        raise ValueError("a view inside the program cannot come before one on the host")
    return View(
        lambda faces, index: second.function(first.function(faces, index), index), on_host=True
    )
