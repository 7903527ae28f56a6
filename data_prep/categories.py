"""The numbers that data sets give their categories; names and synonyms are in `emotions`."""

from collections.abc import Mapping, Sequence

from gimefive_jax.emotions import emotion_names
from gimefive_jax.errors import InputError

FER2013 = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
EXPW = FER2013
# From 1 on.
RAF_DB = ("", "surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
CK_PLUS = (
    "neutral", "anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise",
)  # fmt: skip
# The last three are no expression, and no variant holds contempt.
AFFECTNET = (
    "neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt",
    "none", "uncertain", "no face",
)  # fmt: skip
TFEID: Mapping[str, str] = {
    "a": "anger", "c": "contempt", "d": "disgust", "f": "fear", "h": "happiness",
    "n": "neutral", "p": "surprise", "s": "sadness",
}  # fmt: skip
# Our own order, as the files of the paper's repository number them.
OURS = emotion_names(7)


def category(word: str, categories: Sequence[str], *, where: str) -> str:
    """Finds the category that a number means.

    Args:
      word: A whole number, which may be written as a float (`3.0000000e+00`), as CK+ does.
      categories: Names by number; an empty name is no category.
      where: Begins a message.

    Returns:
      The name.

    Raises:
      InputError: For anything but a number that has a name.
    """
    try:
        value = float(word)
    except ValueError:
        value = -1.0
    is_known = 0 <= value < len(categories) and value == int(value)
    if not is_known or not categories[int(value)]:
        known = ", ".join(f"{i} {name}" for i, name in enumerate(categories) if name)
        raise InputError(f"{where}: category '{word}' must be {known}")
    return categories[int(value)]
