"""The number of faces that a program is traced for: a number, or a symbol that stands for any."""

import contextlib
from collections.abc import Iterator
from typing import Any

import jax

from gimefive_jax.errors import InputError

BATCH = "batch"
"""Name of the symbol."""


@contextlib.contextmanager
def face_count(batch: int | None) -> Iterator[Any]:
    """Yields the number of faces in the shapes of what is traced meanwhile.

    Args:
      batch: The number; None takes the symbol `BATCH`.

    Yields:
      A number, or a symbol that computes like one.

    Raises:
      InputError: What is traced needs a number, and `batch` is None.
    """
    if batch is not None:
        yield batch
        return
    try:
        yield jax.export.symbolic_shape(BATCH)[0]
    except (TypeError, jax.errors.InconclusiveDimensionOperation) as error:
        raise InputError(
            "what is explained is computed for a known number of faces alone; give --batch N "
            "(not with --to web), or another --explain"
        ) from error
