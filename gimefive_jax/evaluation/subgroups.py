"""Faces grouped by what a data set says of them besides the label, such as an age group."""

import json
from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool

from gimefive_jax.data import Split

# More values than these name no groups, such as lists of action units; nor do numbers.
_MOST_VALUES = 12


def find_subgroups(split: Split) -> dict[str, dict[str, Bool[np.ndarray, " face"]]]:
    """Finds the subgroups of a split's faces.

    Args:
      split: Any split; its column `attributes` holds a JSON object per face, or there is none.

    Returns:
      By attribute and value, which faces have it. Attributes with one value for all faces, with
      more than 12 or with numbers are left out.
    """
    column = split.extras.get("attributes")
    if column is None:
        return {}
    rows: list[Mapping[str, object]] = [json.loads(text or b"{}") for text in column.tolist()]
    names = sorted({name for row in rows for name in row})
    found = {}
    for name in names:
        values = np.array([str(row.get(name, "")) for row in rows])
        groups = {value: values == value for value in sorted(set(values.tolist())) if value}
        if 1 < len(groups) <= _MOST_VALUES and not all(map(_is_number, groups)):
            found[name] = groups
    return found


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
