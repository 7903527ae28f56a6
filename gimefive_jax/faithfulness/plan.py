"""Which maps are measured, by which metrics, on how many faces."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from gimefive_jax.data import stratified
from gimefive_jax.errors import InputError, nearest


@dataclasses.dataclass(frozen=True)
class FaceCounts:
    """How many faces each kind of measurement takes; None takes all of them.

    Args:
      cheap: What needs no further pass of the network: region shares, complexity, completeness.
      perturbed: Deletion, insertion, ROAD and what else removes parts of a face.
      few: Stability and sanity, and everything of maps that are planned on few faces.
    """

    cheap: int | None = None
    perturbed: int | None = 500
    few: int | None = 100


EVERYTHING = FaceCounts(perturbed=None, few=None)


@dataclasses.dataclass(frozen=True)
class PlannedMaps:
    """Maps of a method at a layer."""

    method: str
    layer: str
    on_few_faces: bool = False
    """Whether everything of it is measured on the fewest faces."""
    explained_again: bool = True
    """Whether it is tested for stability and sanity, which make tens of maps for each face."""


@dataclasses.dataclass(frozen=True)
class FaithfulnessPlan:
    """What is measured of a split; the target is always the predicted category."""

    maps: tuple[PlannedMaps, ...]
    """The first one is the map that is shown."""
    metrics: tuple[str, ...]
    counts: FaceCounts = FaceCounts()
    seed: int = 0
    """Of random maps, of ties and of the bootstrap."""
    command: str = ""
    """What a user typed."""

    def __post_init__(self) -> None:
        if not self.maps:
            raise InputError("no map is named; give --methods and --layers, or neither")
        if len({(one.method, one.layer) for one in self.maps}) < len(self.maps):
            raise InputError("a method at a layer is named twice; name each once")


@dataclasses.dataclass(frozen=True, eq=False)
class FaceSets:
    """Rows of a split for each kind of measurement, each within the next larger."""

    cheap: Int[np.ndarray, " cheap"]
    perturbed: Int[np.ndarray, " perturbed"]
    few: Int[np.ndarray, " few"]


def nested(labels: Int[np.ndarray, " face"], counts: FaceCounts) -> FaceSets:
    """Chooses the faces of each kind of measurement, so that all can be compared on the fewest.

    Args:
      labels: Category of each face.
      counts: How many faces each takes.

    Returns:
      Rows in ascending order; `few` within `perturbed` within `cheap`.
    """
    cheap = stratified(labels, counts.cheap)
    perturbed = cheap[stratified(labels[cheap], counts.perturbed)]
    return FaceSets(cheap, perturbed, perturbed[stratified(labels[perturbed], counts.few)])


def named(words: Sequence[str], known: Sequence[str], *, kind: str) -> tuple[str, ...]:
    """Checks names against those known, and gives each once.

    Args:
      words: What a user named; none names all.
      known: What there is.
      kind: What is named, for the message.

    Raises:
      InputError: One is unknown; names the nearest.
    """
    for word in words:
        if word not in known:
            raise InputError(
                f"no {kind} '{word}'{nearest(word, list(known))}; known: {', '.join(known)}"
            )
    return tuple(dict.fromkeys(words)) or tuple(known)
