"""Where in a torch file the weights lie: training scripts keep them beside much else."""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gimefive_jax.errors import InputError, nearest

if TYPE_CHECKING:
    import torch

# The usual keys, the likelier first.
_USUAL = (
    "state_dict", "model_state_dict", "model_state", "model", "net", "network", "params", "weights",
)  # fmt: skip
_AVERAGED = re.compile(r"ema|swa|avg|average", re.IGNORECASE)
# What optimizers and the like keep has the shapes of parameters too.
_NO_WEIGHTS = re.compile(r"optim|sched|scaler|rng|loops", re.IGNORECASE)
# How deep a state dict may lie in others.
_DEEPEST = 5
_SHOWN = 12


@dataclasses.dataclass(frozen=True)
class Place:
    """A mapping of names to tensors within a file."""

    key: str
    """Keys on the way to it, joined by dots; empty where the file is a bare state dict."""
    tensors: "Mapping[str, torch.Tensor]"

    @property
    def is_averaged(self) -> bool:
        """Whether the key says that these are averages over training steps."""
        return bool(_AVERAGED.search(self.key))

    @property
    def rank(self) -> int:
        """The lower the likelier that these are the weights that are meant."""
        first = self.key.partition(".")[0]
        return -1 if not self.key else _USUAL.index(first) if first in _USUAL else len(_USUAL)


@dataclasses.dataclass(frozen=True)
class Found:
    """The weights of a torch file."""

    place: Place
    note: str
    """Which of several was taken; empty where there was no choice."""


def find_place(content: object, path: Path, *, key: str | None = None) -> Found:
    """Finds the state dict in the content of a torch file.

    Args:
        content: What `torch.load` gave.
        path: The file, for messages.
        key: Where it lies, such as `model_ema` or `callbacks.ema.state_dict`. By default a bare
            state dict, or the one under a usual key; where there are plain and averaged weights,
            the plain ones. Where several networks share one mapping, also how the names of the
            tensors of one begin.

    Raises:
        InputError: There is none, there are several and none has a usual key, or none is at `key`;
            with the keys that there are.
    """
    places = _places(content)
    if key is not None:
        return Found(_named(places, key, path), "")
    if not places:
        keys = _shorten(_keys(content))
        raise InputError(
            f"{path} holds no state dict: {f'its keys are {keys}' if keys else 'it has no keys'}; "
            "save model.state_dict()"
        )
    best, *others = sorted(places, key=lambda place: (place.is_averaged, place.rank))
    if others and (others[0].is_averaged, others[0].rank) == (best.is_averaged, best.rank):
        raise InputError(
            f"{path} holds weights under {_shorten([place.key for place in places])}; say which "
            "are meant: gimefive weights convert --key"
        )
    if not others:
        return Found(best, "")
    rest = ", ".join(f"{place.key}{' (averaged)' if place.is_averaged else ''}" for place in others)
    taken = best.key or "the bare ones"
    return Found(
        best, f"{path} holds several weights; taken: {taken}; there are also {rest}, which "
        "gimefive weights convert --key takes"
    )  # fmt: skip


def _named(places: list[Place], key: str, path: Path) -> Place:
    for place in places:
        if place.key == key:
            return place
    # One mapping may hold several networks, told apart by how the names of their tensors begin.
    for place in places:
        above = f"{place.key}." if place.key else ""
        part = {
            name: tensor
            for name, tensor in place.tensors.items()
            if f"{above}{name}".startswith(f"{key}.")
        }
        if part:
            return Place(key, part)
    keys = [place.key for place in places if place.key]
    there = f"weights lie under {_shorten(keys)}" if keys else "no key of it holds weights"
    raise InputError(f"{path} has no weights under the key '{key}'{nearest(key, keys)}; {there}")


def _places(content: object) -> list[Place]:
    """Every mapping that holds kernels; where there is none, those of tensors alone."""
    found = _search(content, (), _DEEPEST)
    return [place for place in found if _has_kernels(place)] or found


def _search(content: object, keys: tuple[str, ...], deepest: int) -> list[Place]:
    import torch

    if not isinstance(content, Mapping) or not deepest:
        return []
    tensors = {
        name: value
        for name, value in content.items()
        # Beside the tensors, torch's averages count themselves: n_averaged.
        if isinstance(name, str)
        and isinstance(value, torch.Tensor)
        and (value.numel() > 1 or "." in name)
    }
    found = []
    place = Place(".".join(keys), tensors)
    if tensors and (len(tensors) == len(content) or _has_kernels(place)):
        found.append(place)
    for name, value in content.items():
        if isinstance(name, str) and not _NO_WEIGHTS.search(name):
            found += _search(value, (*keys, name), deepest - 1)
    return found


def _has_kernels(place: Place) -> bool:
    return any(name.endswith("weight") and t.ndim > 1 for name, t in place.tensors.items())


def _keys(content: object) -> list[str]:
    return [str(key) for key in content] if isinstance(content, Mapping) else []


def _shorten(words: list[str]) -> str:
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more
