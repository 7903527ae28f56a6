"""What is explained of each face of a split: one category's score, all, or a difference of two."""

import dataclasses
from typing import Literal

import numpy as np
from jaxtyping import Int

from gimefive_jax.emotions import find_label
from gimefive_jax.errors import InputError
from gimefive_jax.explained.faces import ExplainedFaces

Kind = Literal["predicted", "label", "all", "category", "difference"]


@dataclasses.dataclass(frozen=True)
class Targets:
    """Which score of each face is explained; see `find_targets`."""

    kind: Kind
    word: str
    """As `explanation.json` names it: `predicted`, `label`, `all`, `fear`, `fear-anger`."""
    target: int = 0
    """Label of the category, where it is the same for all faces."""
    against: int | None = None
    """Label of the category whose logit is taken from the target's."""

    def columns(self, faces: ExplainedFaces) -> tuple[Int[np.ndarray, " face"], ...]:
        """Gives the labels that the explain function takes beside the faces.

        Args:
          faces: All faces of the export.

        Returns:
          Nothing where the function finds its targets itself; else a label per face, for a
          difference two.

        Raises:
          InputError: The labels are asked for, and the faces have none.
        """
        if self.kind in ("predicted", "all"):
            return ()
        if self.kind == "label":
            if faces.labels is None:
                raise InputError(
                    "targets label needs faces with labels, and photos have none; "
                    "name predicted, all or a category"
                )
            return (np.asarray(faces.labels, np.int32),)
        chosen = (self.target,) if self.against is None else (self.target, self.against)
        return tuple(np.full(len(faces), label, np.int32) for label in chosen)


_SHORT = {
    "predicted": Targets("predicted", "predicted"),
    "label": Targets("label", "label"),
    "all": Targets("all", "all"),
}


def find_targets(word: str, emotions: tuple[str, ...]) -> Targets:
    """Finds what a word asks to explain.

    Args:
      word: `predicted`, `label`, `all`, a category or a synonym of one, or two of these with a
        hyphen between them: the first one's logit less the second one's.
      emotions: Names of the categories in label order.

    Returns:
      The targets.

    Raises:
      InputError: The word names nothing of that, or the same category twice.

    Example:
      >>> find_targets("happy-fear", ("happiness", "fear")).word
      'happiness-fear'
    """
    if isinstance(word, str) and word in _SHORT:
        return _SHORT[word]
    if isinstance(word, str) and word not in emotions and "-" in word:
        pair = _find_pair(word, emotions)
        if pair is not None:
            return Targets("difference", "-".join(emotions[label] for label in pair), *pair)
    try:
        label = find_label(word, emotions)
    except InputError as error:
        raise InputError(f"{error}; or all, or two categories as CLASS-CLASS") from error
    return Targets("category", emotions[label], label)


def _find_pair(word: str, emotions: tuple[str, ...]) -> tuple[int, int] | None:
    """Labels of the two categories; a category's own name may hold hyphens."""
    parts = word.split("-")
    for i in range(1, len(parts)):
        try:
            first, second = (
                find_label("-".join(part), emotions) for part in (parts[:i], parts[i:])
            )
        except InputError:
            continue
        if first == second:
            raise InputError(
                f"'{word}' is the difference of a category from itself, which is 0; "
                "name two categories"
            )
        return first, second
    return None
