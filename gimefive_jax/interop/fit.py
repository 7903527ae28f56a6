"""Whether named tensors are those of a model; what is wrong in one line if they are not."""

from collections.abc import Collection, Mapping

import numpy as np

from gimefive_jax.errors import InputError, nearest

_SHOWN = 3


def check_names(found: Collection[str], wanted: Collection[str], *, what: str) -> None:
    """Raise InputError naming what of `wanted` is missing and what else was found."""
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
    """Raise InputError naming the first tensor of another shape than `wanted`."""
    for name, shape in wanted.items():
        if found[name] != shape:
            raise InputError(
                f"{what}: {name} has shape {list(found[name])}, and must have {list(shape)}"
            )


def check_finite(tensors: Mapping[str, np.ndarray], *, what: str) -> None:
    """Raise InputError naming the first tensor with a number that is none."""
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise InputError(
                f"{what}: {name} holds NaN or infinite values; the training that wrote it failed, "
                "take an earlier checkpoint"
            )


def _shorten(names: list[str]) -> str:
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
