"""Lines on standard error of the verbs that take image files."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gimefive_jax.api import Classifier
    from gimefive_jax.predicting import ImageFiles

MEANING = (
    "scores say which expression category a face looks like to the model, not what the person "
    "feels; the EU's AI Act (Article 5(1)(f)) prohibits inferring emotions at work and in education"
)


def tell(line: str) -> None:
    """Prints a line; a file name in it may hold bytes that are no text."""
    print(f"gimefive: {line}".encode("utf-8", "replace").decode(), file=sys.stderr)


def tell_notice(model: str, classifier: "Classifier") -> None:
    """Says what weights may be used for, where that is known, and what probabilities they give.

    Args:
      model: What the user named.
      classifier: What it is.
    """
    if classifier.notice:
        tell(f"{model}: {classifier.notice}; its probabilities are {classifier.readout.word}")


def tell_meaning() -> None:
    """Says what scores mean and do not mean; every verb that gives scores of photos does."""
    tell(MEANING)


def tell_passed_over(found: "ImageFiles") -> None:
    """Says how many files were no pictures, if any."""
    if found.passed_over:
        tell(
            f"{len(found.passed_over)} files that are no pictures were passed over, as "
            f"{found.passed_over[0]}"
        )


def tell_without_faces(photos: Sequence[Path], count: int) -> None:
    """Says in how many of `count` images no face was found, if in any.

    Args:
      photos: Those images.
      count: All images.
    """
    if photos:
        tell(
            f"no face found in {len(photos)} of {count} images, as {photos[0]}; --min-face-score "
            "lower than 0.5 finds more, --faces never takes each image as one face"
        )
