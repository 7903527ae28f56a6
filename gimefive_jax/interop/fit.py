"""Checks that named tensors are those of a model; says in one line what is wrong."""

from collections.abc import Collection, Mapping

import numpy as np

from gimefive_jax.errors import InputError, nearest

FLOATS = ("float32", "float16", "bfloat16", "float64")
"""Types of numbers that weights may have in a file."""
_SHOWN = 3


def check_names(found: Collection[str], wanted: Collection[str], *, what: str) -> None:
    """Checks that a file holds tensors of exactly these names.

    Args:
        found: Names in the file.
        wanted: Names of the model's tensors.
        what: Begins the message.

    Raises:
        InputError: Some are missing or there are others, with the nearest names.
    """
    missing = [name for name in wanted if name not in found]
    surplus = [name for name in found if name not in wanted]
    if not missing and not surplus:
        return
    parts = []
    if missing:
        parts.append(f"{len(missing)} missing ({_shorten(missing)})")
    if surplus:
        # A surplus name is most often a missing one, misspelt.
        near = [f"'{name}'{nearest(name, missing)}" for name in surplus[:_SHOWN]]
        more = f", and {len(surplus) - _SHOWN} more" if len(surplus) > _SHOWN else ""
        parts.append(f"{len(surplus)} surplus ({'; '.join(near)}{more})")
    raise InputError(f"{what}: of its {len(wanted)} tensors {', '.join(parts)}")


def check_shapes(
    found: Mapping[str, tuple[int, ...]], wanted: Mapping[str, tuple[int, ...]], *, what: str
) -> None:
    """Checks the shapes of tensors.

    Args:
        found: Shapes by name, at least those of `wanted`.
        wanted: Shapes of the model's tensors by name.
        what: Begins the message.

    Raises:
        InputError: One differs; the first is named with both shapes.
    """
    for name, shape in wanted.items():
        if found[name] != shape:
            raise InputError(
                f"{what}: {name} has shape {list(found[name])}, and must have {list(shape)}"
            )


def as_float32(tensors: Mapping[str, np.ndarray], *, what: str) -> dict[str, np.ndarray]:
    """Returns the tensors in float32.

    Args:
        tensors: By name, in any of the types of `FLOATS`.
        what: Begins the message.

    Raises:
        InputError: One cannot be a weight: other kinds of numbers, NaN, infinite values or ones
            beyond float32, negative variances.
    """
    cast = {}
    for name, tensor in tensors.items():
        if str(tensor.dtype) not in FLOATS:
            raise InputError(
                f"{what}: {name} holds {tensor.dtype}, and must hold one of {', '.join(FLOATS)}"
            )
        # Overflow is looked for below, with a message that names the tensor.
        with np.errstate(over="ignore", invalid="ignore"):
            cast[name] = np.asarray(tensor).astype(np.float32)
        _check_values(name, tensor, cast[name], what=what)
    return cast


def _check_values(name: str, tensor: np.ndarray, cast: np.ndarray, *, what: str) -> None:
    if not np.isfinite(cast).all():
        if np.isfinite(tensor).all():
            raise InputError(f"{what}: {name} holds values beyond the range of float32")
        raise InputError(
            f"{what}: {name} holds NaN or infinite values; the training that wrote it failed, "
            "take an earlier checkpoint"
        )
    # As torch and as our trees call it.
    if name.endswith(("running_var", "/var")) and (cast < 0).any():
        raise InputError(
            f"{what}: {name} holds negative values, which no variance has; take another checkpoint"
        )


def as_count(name: str, counter: np.ndarray, *, what: str) -> int:
    """Returns the number in a `num_batches_tracked`.

    Args:
        name: Of the tensor, for the message.
        counter: The tensor.
        what: Begins the message.

    Raises:
        InputError: It is not one whole number, or negative.
    """
    if counter.shape or not np.issubdtype(counter.dtype, np.integer) or counter < 0:
        raise InputError(
            f"{what}: {name} is {counter.dtype} of shape {list(counter.shape)}, and must be one "
            "whole number, not negative"
        )
    return int(counter)


def check_counter_names(found: Collection[str], known: Collection[str], *, what: str) -> None:
    """Checks that counters belong to norms of the model; any may be missing.

    Args:
        found: Names of the counters in a file.
        known: Names of those that the model can have.
        what: Begins the message.

    Raises:
        InputError: Some belong to no norm.
    """
    surplus = [name for name in found if name not in known]
    if surplus:
        raise InputError(
            f"{what}: {len(surplus)} surplus ({_shorten(surplus)}){nearest(surplus[0], [*known])}"
        )


def _shorten(names: list[str]) -> str:
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
