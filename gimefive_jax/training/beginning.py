"""Variables before the first step: of given weights what fits, the others drawn anew."""

import dataclasses
from collections.abc import Collection, Mapping

import jax
import numpy as np
from jaxtyping import PyTree

from gimefive_jax.config import ExperimentConfig
from gimefive_jax.errors import InputError
from gimefive_jax.interop import Weights
from gimefive_jax.models import make_model
from gimefive_jax.models.cost import variable_shapes
from gimefive_jax.training.initial import InitialWeights, in_words

_SHOWN = 3


@dataclasses.dataclass(frozen=True)
class Beginning:
    """Variables before the first step, and what of them is from other weights."""

    variables: dict[str, PyTree]
    """`params` and `batch_stats`."""
    num_batches_tracked: Mapping[str, int]
    """By our norms' names what torch's batch norms had counted; empty where it is unknown."""
    line: str
    """What was taken and what was not."""


def begin(
    initial: InitialWeights, config: ExperimentConfig, fresh: Mapping[str, PyTree]
) -> Beginning:
    """Puts weights in the place of random variables, layer by layer.

    A layer is taken where all its tensors are there with the same shapes. The layer of the logits
    is taken by the names of its categories: those that the weights know, in whatever order, keep
    their rows, and the others are drawn.

    Args:
        initial: The weights.
        config: The run's, with the categories of its data.
        fresh: `params` and `batch_stats` as drawn from the seed.

    Returns:
        The variables to begin with.

    Raises:
        InputError: No kernel of a layer but the logits' fits.
    """
    drawn, known = _named(fresh), _named(initial.weights.variables)
    axes = _category_axes(config)
    rows = _Rows.between(initial.weights.config.model.category_names, config.model.category_names)
    begun = dict(drawn)
    whole: list[str] = []
    partly: list[str] = []
    for names in _layers(drawn).values():
        if not all(_fits(name, drawn, known, axes, rows) for name in names):
            continue
        is_head = any(name in axes for name in names)
        if is_head and not rows.target:
            continue
        for name in names:
            axis = axes.get(name)
            begun[name] = known[name] if axis is None else rows.put(drawn[name], known[name], axis)
        (partly if is_head and rows.new else whole).extend(names)
    if not any(drawn[name].ndim > 1 and name not in axes for name in whole):
        raise InputError(
            f"nothing of {initial.name} ({initial.model_in_words}) fits a "
            f"{in_words(config.model)}: no layer has the same name and shape; leave model.name "
            "and model.width to the weights, or train without --init"
        )
    line = _line(initial, drawn, known, axes, rows, whole=whole, partly=partly)
    leaves = [begun[name] for name in drawn]
    return Beginning(
        variables=jax.tree.unflatten(jax.tree.structure(dict(fresh)), leaves),
        num_batches_tracked=_counters(initial.weights, drawn, whole),
        line=line,
    )


@dataclasses.dataclass(frozen=True)
class _Rows:
    """Which rows of a new head are those of which categories of the weights."""

    source: list[int]
    target: list[int]
    new: tuple[str, ...]
    num_source: int
    num_target: int

    @classmethod
    def between(cls, source: tuple[str, ...], target: tuple[str, ...]) -> "_Rows":
        shared = [name for name in target if name in source]
        return cls(
            source=[source.index(name) for name in shared],
            target=[target.index(name) for name in shared],
            new=tuple(name for name in target if name not in source),
            num_source=len(source),
            num_target=len(target),
        )

    def put(self, drawn: np.ndarray, known: np.ndarray, axis: int) -> np.ndarray:
        """The drawn array with the rows of the categories that are known."""
        result = np.moveaxis(np.array(drawn), axis, 0)
        result[self.target] = np.moveaxis(np.asarray(known), axis, 0)[self.source]
        return np.moveaxis(result, 0, axis)


def _category_axes(config: ExperimentConfig) -> dict[str, int]:
    """The axis of the categories, by name of each tensor that has one."""

    def shapes(num_classes: int) -> dict[str, np.ndarray]:
        model = dataclasses.replace(config.model, num_classes=num_classes, emotions=())
        return _named(variable_shapes(make_model(model), image_size=config.data.image_size))

    # Whatever the architecture: what is longer with one category more.
    count = config.model.num_classes
    fewer, more = shapes(count), shapes(count + 1)
    return {
        name: next(
            i for i, (a, b) in enumerate(zip(leaf.shape, more[name].shape, strict=True)) if a != b
        )
        for name, leaf in fewer.items()
        if leaf.shape != more[name].shape
    }


def _fits(
    name: str,
    drawn: Mapping[str, np.ndarray],
    known: Mapping[str, np.ndarray],
    axes: Mapping[str, int],
    rows: _Rows,
) -> bool:
    if name not in known:
        return False
    wanted = list(drawn[name].shape)
    if name in axes:
        wanted[axes[name]] = rows.num_source
    return list(known[name].shape) == wanted


def _line(
    initial: InitialWeights,
    drawn: Mapping[str, np.ndarray],
    known: Mapping[str, np.ndarray],
    axes: Mapping[str, int],
    rows: _Rows,
    *,
    whole: list[str],
    partly: list[str],
) -> str:
    new, unused = dict.fromkeys(map(_layer, drawn)), dict.fromkeys(map(_layer, known))
    heads = {_layer(name) for name in axes}
    for name in (*whole, *partly):
        new.pop(_layer(name), None)
    for name in drawn:
        unused.pop(_layer(name), None)
    words = [
        f"{layer} ({rows.num_target} categories instead of {rows.num_source})"
        if layer in heads
        else layer
        for layer in new
    ]
    parts = [f"new: {_shorten(words)}"] if words else []
    if partly:
        parts.append(
            f"{_layer(partly[0])}: {len(rows.target)} of {rows.num_target} categories by name, "
            f"new: {', '.join(rows.new)}"
        )
    elif heads.isdisjoint(new) and rows.source != list(range(rows.num_source)):
        parts.append(f"{', '.join(heads)} in the order of the data's categories")
    if unused:
        parts.append(f"not used: {_shorten(list(unused))}")
    return "; ".join(
        [
            f"began from {initial.name} ({initial.model_in_words}): {len(whole)} of {len(drawn)} "
            "tensors",
            *parts,
        ]
    )


def _counters(
    weights: Weights, drawn: Mapping[str, np.ndarray], whole: list[str]
) -> dict[str, int]:
    if not weights.num_batches_tracked:
        return {}
    taken = {_layer(name) for name in whole}
    norms = dict.fromkeys(_layer(name) for name in drawn if name.startswith("batch_stats/"))
    return {
        norm: weights.num_batches_tracked.get(norm, 0) if norm in taken else 0 for norm in norms
    }


def _named(variables: Mapping[str, PyTree]) -> dict[str, np.ndarray]:
    leaves = jax.tree_util.tree_leaves_with_path(dict(variables))
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves}


def _layer(name: str) -> str:
    """`block1/conv` for `params/block1/conv/kernel`."""
    return name.partition("/")[2].rpartition("/")[0]


def _layers(names: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(_layer(name), []).append(name)
    return found


def _shorten(words: list[str]) -> str:
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more
