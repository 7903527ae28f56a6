"""Scores of changed faces and of changed activations, many copies at a time."""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, PyTree

from gimefive_jax.explanation.calls import INPUT, Call, Network, Trace, visited
from gimefive_jax.explanation.scores import Score

# Bytes of the largest output of a layer over all copies that are computed at once. Convolutions in
# a loop of a program are slow on CPU, so each part is a stretch of the program of its own, and
# compiling takes as long as there are parts.
_BYTES_AT_ONCE = 2**28


MakeCopies = Callable[..., Array]
"""`make(numbers, *made_of)`: the copies of some numbers, `[number, batch, *rest]`. What the copies
are made of is an argument, so that a part of them is made when it is its turn."""


@dataclasses.dataclass(frozen=True, eq=False)
class Forward:
    """Scores of several changed copies of all faces: `[..., batch, *rest]` to `[..., batch]`.

    Example:
      >>> forward = Forward(lambda changed: changed.sum((-3, -2, -1)), copies_at_once=2)
      >>> [numbers.tolist() for numbers in forward.parts(5)]
      [[0, 1], [2, 3], [4]]
      >>> faces = jnp.ones((3, 2, 2, 1))
      >>> forward.of_copies(5, lambda numbers, x: jnp.stack([x] * len(numbers)), faces).shape
      (5, 3)
    """

    function: Callable[[Array], Array]
    copies_at_once: int
    """So many copies fit into memory; with gradients a quarter."""

    def __call__(self, changed: Array) -> Array:
        """Computes the scores of all given copies at once.

        Args:
          changed: `[batch, *rest]` or `[copy, batch, *rest]`.

        Returns:
          Scores, `[batch]` or `[copy, batch]`.
        """
        return self.function(changed)

    def parts(self, num_copies: int, *, with_gradient: bool = False) -> list[Int[np.ndarray, "_"]]:
        """Gives the numbers of the copies that are computed at once, part by part.

        Args:
          num_copies: How many there are.
          with_gradient: Whether the pass is differentiated.

        Returns:
          Numbers of copies, in order.
        """
        size = max(1, self.copies_at_once // 4 if with_gradient else self.copies_at_once)
        return [np.arange(at, min(at + size, num_copies)) for at in range(0, num_copies, size)]

    def of_copies(self, num_copies: int, make: MakeCopies, *made_of: Array) -> Array:
        """Computes the scores of copies that are made part by part, so that memory stays flat.

        Args:
          num_copies: How many there are.
          make: Gives the copies of some numbers, see `MakeCopies`.
          *made_of: Arrays that `make` gets.

        Returns:
          Scores, `[copy, batch]`.
        """
        scores: list[Array] = []
        for numbers in self.parts(num_copies):
            if scores:
                made_of, scores[-1] = _one_after_the_other(made_of, scores[-1])
            scores.append(self(make(numbers, *made_of)))
        return jnp.concatenate(scores)

    def sum_of_slopes(self, num_copies: int, make: MakeCopies, *made_of: Array) -> Array:
        """Computes the derivative of each copy's score in the copy, summed over the copies.

        Args:
          num_copies: How many there are.
          make: Gives the copies of some numbers, see `MakeCopies`.
          *made_of: Arrays that `make` gets.

        Returns:
          Sums, `[batch, *rest]`.
        """
        sums: list[Array] = []
        for numbers in self.parts(num_copies, with_gradient=True):
            if sums:
                made_of, sums[-1] = _one_after_the_other(made_of, sums[-1])
            copies = make(numbers, *made_of)
            slope = jax.grad(lambda copies: self(copies).sum())(copies).sum(0)
            sums = [sums[-1] + slope if sums else slope]
        return sums[0]


def _one_after_the_other(
    made_of: tuple[Array, ...], result: Array
) -> tuple[tuple[Array, ...], Array]:
    """`made_of` as it is, but there only once `result` is: parts side by side need all memory."""
    first, *rest = made_of
    return (_after(first, result), *rest), result


@jax.custom_batching.custom_vmap
def _after(value: Array, result: Array) -> Array:
    # A sum that no compiler takes away, as 0 * x may be NaN; CPU forgets optimisation barriers.
    return value + 0 * result.sum()


@_after.def_vmap
def _after_each(
    axis_size: int, is_batched: list[bool], value: Array, result: Array
) -> tuple[Array, bool]:
    # Where results differ by category, what they wait for does not.
    return value + 0 * result.sum(), is_batched[0]


@dataclasses.dataclass(frozen=True, eq=False)
class ScoredNetwork:
    """A network at work on a batch of faces, with what is explained of each."""

    network: Network
    variables: PyTree
    x: Array
    score: Score
    seen: Trace

    def from_faces(self) -> Forward:
        """Gives scores of changed faces, `[..., batch, height, width, channel]`."""

        def scores(changed: Array) -> Array:
            flat, copies = _flat(changed, self.x.ndim)
            return self.score(self.network(self.variables, flat)).reshape(*copies, len(self.x))

        return Forward(scores, self._copies_at_once(above=-1))

    def from_layer(self, layer: str) -> Forward:
        """Gives scores from changed activations of a layer, `[..., batch, *rest]`.

        The network runs with them in the place of the layer's output; what leads to that output
        alone is not part of the compiled program.

        Args:
          layer: Name of a call, or `input`.
        """
        if layer == INPUT and INPUT not in self.seen.layers:
            return self.from_faces()
        num_axes, x = len(self.seen.layers[layer].shape), self.x

        def scores(changed: Array) -> Array:
            flat, copies = _flat(changed, num_axes)
            faces = jnp.broadcast_to(x, (len(flat) // len(x), *x.shape)).reshape(-1, *x.shape[1:])
            replaced = visited(self.network, functools.partial(_put, layer, flat))
            return self.score(replaced(self.variables, faces)).reshape(*copies, len(x))

        return Forward(scores, self._copies_at_once(above=self.seen.position(layer)))

    def _copies_at_once(self, *, above: int) -> int:
        if not isinstance(self.x.shape[0], int):
            # An export leaves the number of faces open.
            return 1
        layers = list(self.seen.layers.values())[max(above, 0) :]
        largest = max([self.x.size * (above < 0), *(math.prod(layer.shape) for layer in layers)])
        return max(1, _BYTES_AT_ONCE // (max(1, largest) * self.x.dtype.itemsize))


def _put(layer: str, changed: Array, call: Call, output: Any) -> Any:
    return changed if call.is_layer and call.name == layer else output


def _flat(changed: Array, num_axes: int) -> tuple[Array, tuple[int, ...]]:
    """All rows of all copies one after the other, and the axes of the copies."""
    copies = changed.shape[: changed.ndim - num_axes]
    return changed.reshape(-1, *changed.shape[1 - num_axes :]), copies
