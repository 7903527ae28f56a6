"""Words for train, validation and test in folders and tables of any origin."""

from collections.abc import Iterable

from data_prep.records import Part
from gimefive_jax.errors import InputError

_WORDS = {
    "train": ("train", "training", "train_set"),
    "test": ("test", "testing", "test_set", "publictest", "privatetest"),
    "validation": ("validation", "valid", "val", "val_set", "dev"),
}
_PART_OF = {word: part for part, words in _WORDS.items() for word in words}


def is_part(word: str) -> bool:
    """Whether `word` names a part, in either case."""
    return word.strip().lower() in _PART_OF


def official_parts(words: Iterable[str]) -> dict[str, Part]:
    """Finds the part that each of a data set's own words stands for.

    Images for validation join `train`, because validation is carved from it for every set in the
    same way; only where a set has no other images to test on are they its `test`.

    Args:
      words: Such as `Training` and `val`, in either case.

    Returns:
      `train` or `test` by word.

    Raises:
      InputError: For an unknown word.
    """
    words = list(words)
    if unknown := [word for word in words if not is_part(word)]:
        raise InputError(
            f"'{unknown[0]}' is no part of a data set; known are {', '.join(_PART_OF)}"
        )
    named = {word: _PART_OF[word.strip().lower()] for word in words}
    validation: Part = "train" if "test" in named.values() else "test"
    kinds: dict[str, Part] = {"train": "train", "test": "test", "validation": validation}
    return {word: kinds[part] for word, part in named.items()}
