"""Layers that training leaves as they are, and layers that it moves at a rate of their own."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.linen.module import InterceptorContext
from jaxtyping import PyTree

from gimefive_jax.config import OptimizerConfig
from gimefive_jax.errors import InputError, nearest


@dataclasses.dataclass(frozen=True)
class LayerRates:
    """Which layers are frozen, and the factors of others' learning rates.

    A layer is named by its path from the root, such as `block1` or `block2/conv`; a name stands for
    all layers below it. A frozen layer keeps its parameters and its batch statistics bit for bit,
    whatever the optimizer, weight decay or averaging does elsewhere, and it is computed as in
    evaluation: its batch norms use the running statistics, and its dropouts drop nothing.
    """

    frozen: tuple[str, ...] = ()
    factors: tuple[tuple[str, float], ...] = ()
    """Pairs of a layer and its factor; where several stand for a leaf the longest name counts."""

    @classmethod
    def of(cls, config: OptimizerConfig) -> "LayerRates":
        """Returns what `optimizer.frozen` and `optimizer.rate_factors` say.

        Raises:
            InputError: A factor is no `LAYER=NUMBER` with a positive number.
        """
        return cls(config.frozen, tuple(_parse_factor(word) for word in config.rate_factors))

    def check(self, params: PyTree) -> None:
        """Checks that the names are those of layers, and that something is left to train.

        Args:
            params: Parameters of the model, or their shapes.

        Raises:
            InputError: No layer has the name, with the nearest; or every layer is frozen.
        """
        paths = [_names(path)[:-1] for path, _ in jax.tree_util.tree_leaves_with_path(params)]
        known = list(dict.fromkeys("/".join(path[:n]) for path in paths for n in (1, len(path))))
        for field, layers in (
            ("frozen", self.frozen),
            ("rate_factors", tuple(layer for layer, _ in self.factors)),
        ):
            for layer in layers:
                if not any(_is_below(path, layer) for path in paths):
                    raise InputError(
                        f"optimizer.{field} names the layer '{layer}'{nearest(layer, known)}; "
                        f"layers with parameters: {', '.join(known)}"
                    )
        if all(self._is_frozen(path) for path in paths):
            raise InputError("optimizer.frozen names every layer; leave one to train")

    def stop_gradients(self, grads: PyTree) -> PyTree:
        """Returns the gradients with zeros at frozen layers, so that no norm counts them."""
        if not self.frozen:
            return grads
        return _map(lambda path, leaf: jnp.zeros_like(leaf) if self._holds(path) else leaf, grads)

    def scale(self, updates: PyTree) -> PyTree:
        """Returns the updates of parameters, each times the factor of its layer."""
        if not self.factors:
            return updates
        return _map(lambda path, leaf: self._factor(path[:-1]) * leaf, updates)

    def keep(self, old: PyTree, new: PyTree) -> PyTree:
        """Returns `new` with the leaves of frozen layers as they are in `old`.

        Args:
            old: Parameters, batch statistics, or a dictionary of both.
            new: The same after a step.
        """
        if not self.frozen or old is None:
            return new
        return jax.tree_util.tree_map_with_path(
            lambda path, before, after: before if self._holds(_names(path)) else after, old, new
        )

    @contextlib.contextmanager
    def evaluating_frozen(self) -> Iterator[None]:
        """Computes frozen layers as in evaluation while the block applies a model."""
        if not self.frozen:
            yield
            return

        def call(next_call: Any, args: Any, kwargs: Any, context: InterceptorContext) -> Any:
            module = context.module
            # What the model made for this call alone, with the choice that it had for training.
            if self._is_frozen(tuple(module.path)):
                if isinstance(module, nn.BatchNorm):
                    object.__setattr__(module, "use_running_average", True)
                elif isinstance(module, nn.Dropout):
                    object.__setattr__(module, "deterministic", True)
            return next_call(*args, **kwargs)

        with nn.intercept_methods(call):
            yield

    def _holds(self, path: tuple[str, ...]) -> bool:
        """Whether a leaf is frozen; `path` may begin with the name of its collection."""
        layer = path[:-1]
        return self._is_frozen(layer[1:] if layer[:1] in _COLLECTIONS else layer)

    def _is_frozen(self, layer: Sequence[str]) -> bool:
        return any(_is_below(layer, name) for name in self.frozen)

    def _factor(self, layer: Sequence[str]) -> float:
        fitting = {name: factor for name, factor in self.factors if _is_below(layer, name)}
        return fitting[max(fitting, key=len)] if fitting else 1.0


_COLLECTIONS = (("params",), ("batch_stats",))


def _parse_factor(word: str) -> tuple[str, float]:
    layer, _, number = word.rpartition("=")
    try:
        factor = float(number)
    except ValueError:
        factor = 0.0
    if not layer or not 0 < factor < float("inf"):
        raise InputError(
            f"optimizer.rate_factors {word!r} must be LAYER=FACTOR with a positive factor, such as "
            "block1=0.1; optimizer.frozen names layers that are not trained at all"
        )
    return layer, factor


def _is_below(path: Sequence[str], layer: str) -> bool:
    parts = layer.split("/")
    return list(path[: len(parts)]) == parts


def _names(path: Sequence[Any]) -> tuple[str, ...]:
    return tuple(key.key for key in path)


def _map(function: Callable[[tuple[str, ...], Any], Any], tree: PyTree) -> PyTree:
    return jax.tree_util.tree_map_with_path(lambda path, leaf: function(_names(path), leaf), tree)
