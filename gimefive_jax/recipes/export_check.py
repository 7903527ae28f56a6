"""Whether an exported file gives what the model gives, face by face."""

import dataclasses
import itertools
from collections.abc import Callable, Mapping

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PyTree, UInt8

from data_prep.drawn_faces.dataset import draw_split
from gimefive_jax.api import Classifier
from gimefive_jax.errors import InputError
from gimefive_jax.inference import Driver, FaceFunction
from gimefive_jax.structs import AnyArray

TOLERANCE = 1e-4
"""How far an output of the file may lie from ours, over its largest value or 1."""
# Continuous in every number, so rounding cannot move them far.
_CONTINUOUS = ("logits", "probabilities")
# Deep networks with made-up weights reach 9 of 64; a wrong file differs on nearly all.
_MOST_ON_EDGE = 1 / 4
# Over a layer's mean; about five times what float32 rounding leaves there, as no draw tries every
# direction. Each is taken with both signs: one moves a value from an edge, the other across it.
_ROUNDING, _NUM_DRAWS = 3e-6, 8
Outputs = Mapping[str, AnyArray]


@dataclasses.dataclass(frozen=True)
class Agreement:
    """How far the outputs of a file lie from the model's."""

    differences: Mapping[str, float]
    """By output: the largest difference, over the largest value or 1; of maps and `b_eff` that of
    the faces which are on no edge."""
    num_on_edge: int
    """Faces whose maps, `b_eff` or category differ in the file, and in the model too once nothing
    but rounding changes."""


def check_same(
    theirs: Outputs,
    ours: Outputs,
    moved_by_rounding: Callable[[Bool[np.ndarray, " face"]], Bool[np.ndarray, " face"]],
) -> Agreement:
    """Checks that a file gives what the model gives.

    A max-pool and a ReLU switch at an edge. Where a value of a face lies within rounding of one,
    the gradient goes through one cell or through its neighbour as whoever computes it rounds,
    and both maps are right. Such faces are told from a wrong file by the model itself: its maps
    of them move when its layers are disturbed by about as much as rounding does.

    Args:
      theirs: Arrays by name, with a row for each face, that the file gives.
      ours: The same of the model.
      moved_by_rounding: Tells which of some faces have outputs that rounding moves; asked only
        where outputs of some differ. See the function of this name.

    Returns:
      How far the two are apart.

    Raises:
      InputError: Logits or probabilities differ by more than `TOLERANCE`; or another output does
        on a face that rounding does not move, or on more than a quarter of the faces.
    """
    found = by_face(theirs, ours)
    apart = _apart(found)
    on_edge = np.zeros_like(apart)
    if 0 < apart.sum() <= _MOST_ON_EDGE * len(apart):
        on_edge = moved_by_rounding(apart)
    differences = {
        name: float(values.max() if name in _CONTINUOUS else values[~on_edge].max())
        for name, values in found.items()
    }
    # Also where it is no number.
    wrong = [name for name, difference in differences.items() if not difference <= TOLERANCE]
    for name in wrong:
        count = int((~(found[name] <= TOLERANCE)).sum())
        raise InputError(
            f"{name} of the exported file differs from the model's on {count} of {len(apart)} "
            f"faces, by up to {differences[name]:.1e}, where {TOLERANCE:.0e} is allowed; nothing "
            "is written; another --explain may serve"
        )
    return Agreement(differences, int(on_edge.sum()))


def moved_by_rounding(
    asked: Bool[np.ndarray, " face"],
    function: FaceFunction[Outputs],
    variables: PyTree,
    faces: UInt8[np.ndarray, "face side side 3"],
    *,
    driver: Driver,
    ours: Outputs,
) -> Bool[np.ndarray, " face"]:
    """Tells which faces have outputs that noise as small as rounding moves.

    Args:
      asked: About these faces alone; noise is drawn until it has moved all of them, at most eight
        times.
      function: Gives the outputs.
      variables: Of the function.
      faces: What it takes.
      driver: Runs it.
      ours: The outputs as they are.
    """
    noisy = _rounded_otherwise(function)
    moved = np.zeros(len(faces), bool)
    for seed in range(_NUM_DRAWS):
        for size in (_ROUNDING, -_ROUNDING):
            disturbed = (variables, np.uint32(seed), np.float32(size))
            moved |= asked & _apart(by_face(driver.run(noisy, disturbed, faces), ours))
        if (moved == asked).all():
            break
    return moved


def _rounded_otherwise(function: FaceFunction[Outputs]) -> FaceFunction[Outputs]:
    """The function with noise behind every convolution and dense layer of its network.

    Noise in the weights would not do: it moves neighbours of a pooling window alike.
    """

    def noisy(disturbed: tuple[PyTree, Array, Array], faces: UInt8[Array, "..."]) -> Outputs:
        variables, seed, size = disturbed
        keys = (jax.random.fold_in(jax.random.key(seed), number) for number in itertools.count())

        def add_noise(
            call: Callable[..., Array],
            args: tuple[object, ...],
            kwargs: Mapping[str, object],
            context: nn.module.InterceptorContext,
        ) -> Array:
            output = call(*args, **kwargs)
            if not isinstance(context.module, nn.Conv | nn.Dense):
                return output
            noise = jax.random.uniform(next(keys), output.shape[1:], minval=-1.0, maxval=1.0)
            typical = jnp.abs(output).mean(range(1, output.ndim), keepdims=True)
            return output + size * noise * jax.lax.stop_gradient(typical)

        with nn.intercept_methods(add_noise):
            return function(variables, faces)

    return noisy


def by_face(theirs: Outputs, ours: Outputs) -> dict[str, Float[np.ndarray, " face"]]:
    """Computes by output the largest difference of each face, over the largest value or 1."""

    def differences(found: AnyArray, wanted: AnyArray) -> Float[np.ndarray, " face"]:
        if found.shape != wanted.shape:
            return np.full(len(wanted), np.inf)
        apart = np.abs(np.asarray(found, float) - wanted).reshape(len(wanted), -1)
        return apart.max(1) / max(1.0, np.abs(wanted).max())

    return {name: differences(theirs[name], wanted) for name, wanted in ours.items()}


def drawn_faces(classifier: Classifier, count: int) -> UInt8[np.ndarray, "face side side 3"]:
    """Gives drawn faces in noise, in the size that a model takes.

    Where a picture is flat, several values of a pooling window are the largest and share the
    gradient; which are equal is then left to the rounding of whoever computes them.
    """
    random = np.random.default_rng(0)
    drawn = classifier.pixels([face.pixels for face in draw_split("test", count, seed=0)])
    noise = random.integers(-8, 9, (*drawn.shape[:3], 1))
    return (np.clip(drawn, 8, 247) + noise).astype(np.uint8)


def in_batches(
    run: Callable[[np.ndarray], Outputs],
    faces: UInt8[np.ndarray, "face side side 3"],
    batch: int | None,
) -> Outputs:
    """Gives the outputs for all faces of what takes `batch` at a time, or any number."""
    size = batch or len(faces) - 3
    parts = list[Outputs]()
    for first in range(0, len(faces), size):
        part = faces[first : first + size]
        filled = np.resize(part, (batch or len(part), *part.shape[1:]))
        parts.append({name: rows[: len(part)] for name, rows in run(filled).items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _apart(found: Mapping[str, Float[np.ndarray, " face"]]) -> Bool[np.ndarray, " face"]:
    """Faces on which an output that is not continuous is further away than the tolerance."""
    switching = [values for name, values in found.items() if name not in _CONTINUOUS]
    return np.any([~(values <= TOLERANCE) for values in switching], axis=0)
