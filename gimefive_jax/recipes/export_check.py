"""Whether an exported file gives what the model gives, face by face."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping

import jax
import numpy as np
from jaxtyping import Bool, Float, PyTree, UInt8

from data_prep.drawn_faces.dataset import draw_split
from gimefive_jax.api import Classifier
from gimefive_jax.errors import InputError
from gimefive_jax.structs import AnyArray

TOLERANCE = 1e-4
"""How far an output of the file may lie from ours, over its largest value or 1."""
# Continuous in every number, so rounding cannot move them far.
_CONTINUOUS = ("logits", "probabilities")
_MOST_ON_EDGE = 1 / 8
# A few times what float32 rounding changes in a sum of products. Each draw is taken with both
# signs: where one moves a value away from an edge, the other moves it across.
_ROUNDING, _NUM_DRAWS = 1e-6, 2
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
    theirs: Outputs, ours: Outputs, moved_by_rounding: Callable[[], Bool[np.ndarray, " face"]]
) -> Agreement:
    """Checks that a file gives what the model gives.

    A max-pool and a ReLU switch at an edge. Where a value of a face lies within rounding of one,
    the gradient goes through one cell or through its neighbour as whoever computes it rounds,
    and both maps are right. Such faces are told from a wrong file by the model itself: its maps
    of them move when its variables change by about as much as rounding does.

    Args:
      theirs: Arrays by name, with a row for each face, that the file gives.
      ours: The same of the model.
      moved_by_rounding: Gives the faces whose outputs rounding moves; asked only where outputs of
        some faces differ. See the function of this name.

    Returns:
      How far the two are apart.

    Raises:
      InputError: Logits or probabilities differ by more than `TOLERANCE`; or another output does
        on a face that rounding does not move, or on more than an eighth of the faces.
    """
    found = by_face(theirs, ours)
    apart = _apart(found)
    on_edge = np.zeros_like(apart)
    if 0 < apart.sum() <= _MOST_ON_EDGE * len(apart):
        on_edge = apart & moved_by_rounding()
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
    run: Callable[[PyTree], Outputs], variables: PyTree, ours: Outputs
) -> Bool[np.ndarray, " face"]:
    """Tells which faces have outputs that a change as small as rounding moves.

    Args:
      run: Gives the outputs for the faces, with some variables.
      variables: Of the model.
      ours: The outputs with these.
    """
    changed = _disturbed(jax.device_get(variables))
    return np.any([_apart(by_face(run(one), ours)) for one in changed], axis=0)


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


def _disturbed(variables: PyTree) -> Iterator[PyTree]:
    """Variables with about as much noise as rounding is."""
    for seed in range(_NUM_DRAWS):
        for size in (_ROUNDING, -_ROUNDING):
            random = np.random.default_rng(seed)

            def moved(
                leaf: np.ndarray, random: np.random.Generator = random, size: float = size
            ) -> np.ndarray:
                return (leaf * (1 + size * random.uniform(-1, 1, leaf.shape))).astype(leaf.dtype)

            yield jax.tree.map(moved, variables)
