"""Checks that the categories of a data set can be trained and tested on."""

from collections.abc import Sequence

from data_prep.splits import count_emotions
from data_prep.spool import FaceTable
from gimefive_jax.errors import InputError

# What stands beside the categories in predictions.csv and manifest.csv.
_COLUMNS = (
    "file_name", "label", "predicted", "row", "index", "correct", "target", "target_logit",
)  # fmt: skip


def check_emotions(what: str, train: FaceTable, emotions: Sequence[str], *, variant: str) -> None:
    """Raise InputError for a category without a face to train on."""
    counts = count_emotions(train, emotions)
    if missing := [emotion for emotion, number in counts.items() if not number]:
        mends = {"six": "use", "seven": "use --variant six or", "eight": "use --variant seven or"}
        mend = mends.get(variant, "leave it out of --categories, or use")
        raise InputError(
            f"variant '{variant}' needs {missing[0]}, but {what} holds no such face to train on; "
            f"{mend} a complete download"
        )


def check_names(emotions: Sequence[str], what: str) -> None:
    """Raise InputError for fewer than two names, and for one that results use otherwise."""
    if len(emotions) < 2:
        raise InputError(
            f"{what} holds the category {', '.join(emotions)} alone; give at least two to tell "
            "apart"
        )
    if taken := [emotion for emotion in emotions if emotion in _COLUMNS]:
        raise InputError(
            f"category '{taken[0]}' in {what} has the name of a column of results; rename it"
        )


def by_value(name: str) -> tuple[bool, int, str]:
    """Sorts numbers by their value, before words."""
    return (not name.isdecimal(), int(name) if name.isdecimal() else 0, name)
