"""Lines on standard error of the verbs that take image files."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gimefive_jax.predicting import ImageFiles


MEANING = (
    "scores say which expression category a face looks like to the model, not what the person "
    "feels; the EU's AI Act (Article 5(1)(f)) prohibits inferring emotions at work and in education"
)


def tell(line: str) -> None:
    """Prints a line; a file name in it may hold bytes that are no text."""
    print(f"gimefive: {line}".encode("utf-8", "replace").decode(), file=sys.stderr)


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


def tell_whole_photos(photos: Sequence[tuple[Path, tuple[int, int]]], count: int) -> None:
    """Says how many of `count` images may be more than a face, if any.

    Args:
      photos: Path, width and height of each.
      count: All images.
    """
    if photos:
        path, (width, height) = photos[0]
        tell(
            f"{len(photos)} of {count} images may be more than a face, as {path} "
            f"({width} x {height}); nothing looks for faces yet, so give face crops, or --crop "
            "LEFT TOP WIDTH HEIGHT"
        )
