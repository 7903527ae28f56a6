"""Equations that move numbers, or add them up: shapes, parts, padding, sums."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from gimefive_jax.interop.onnx.graph import Graph, Shape, Value, inexpressible

Rule = Callable[[Graph, Any, Sequence[Value]], Value]
"""`(graph, equation, operands) -> result`."""


def _broadcast_in_dim(graph: Graph, equation: Any, values: Sequence[Value]) -> Value:
    [result], parameters, value = equation.outvars, equation.params, values[0]
    shape = tuple(result.aval.shape)
    stored: list[Any] = [1] * len(shape)
    for axis, size in zip(parameters["broadcast_dimensions"], value.stored, strict=True):
        stored[axis] = size
    if value.array is not None:
        return Value.constant(np.asarray(value.array).reshape(stored), shape)
    name = graph.stored(value)
    name = name if tuple(stored) == value.stored else graph.reshape(name, tuple(stored))
    return Value(shape, value.dtype, tuple(stored), name)


def _reshape(graph: Graph, equation: Any, values: Sequence[Value]) -> Value:
    [result] = equation.outvars
    return graph.of(graph.reshape(graph.whole(values[0]), tuple(result.aval.shape)), result)


def _transpose(graph: Graph, equation: Any, values: Sequence[Value]) -> Value:
    order, value, [result] = equation.params["permutation"], values[0], equation.outvars
    stored = tuple(value.stored[axis] for axis in order)
    name = graph.transpose(graph.stored(value), order)
    return Value(tuple(result.aval.shape), value.dtype, stored, name)


def _concatenate(graph: Graph, equation: Any, values: Sequence[Value]) -> Value:
    names = [graph.whole(value) for value in values]
    name = graph.node("Concat", *names, axis=equation.params["dimension"])
    return graph.of(name, equation.outvars[0])


def _stack(graph: Graph, equation: Any, values: Sequence[Value]) -> Value:
    [result], axis = equation.outvars, equation.params["axis"]
    shape = tuple(1 if i == axis else size for i, size in enumerate(result.aval.shape))
    names = [graph.reshape(graph.whole(value), shape) for value in values]
    return graph.of(graph.node("Concat", *names, axis=axis), result)


def _slice(graph: Graph, equation: Any, values: Sequence[Value]) -> Value:
    parameters, shape = equation.params, values[0].shape
    starts, ends = parameters["start_indices"], parameters["limit_indices"]
    steps = parameters["strides"] or (1,) * len(shape)
    axes = [
        axis
        for axis, size in enumerate(shape)
        if (starts[axis], ends[axis], steps[axis]) != (0, size, 1)
    ]
    if not axes:
        return values[0]
    rows = [[row[axis] for axis in axes] for row in (starts, ends, steps)]
    name = graph.sliced(graph.whole(values[0]), rows[0], rows[1], axes, rows[2])
    return graph.of(name, equation.outvars[0])


def _reverse(graph: Graph, equation: Any, values: Sequence[Value]) -> Value:
    axes = list(equation.params["dimensions"])
    backwards, lowest = [-1] * len(axes), [np.iinfo(np.int64).min] * len(axes)
    name = graph.sliced(graph.whole(values[0]), backwards, lowest, axes, backwards)
    return graph.of(name, equation.outvars[0])


def _pad(graph: Graph, equation: Any, values: Sequence[Value]) -> Value:
    sides = equation.params["padding_config"]
    config = [(int(low), int(high), int(interior)) for low, high, interior in sides]
    fill = graph.whole(values[1])
    name = padded(graph, graph.whole(values[0]), values[0].shape, config, fill)
    return graph.of(name, equation.outvars[0])


def padded(
    graph: Graph, name: str, shape: Shape, config: Sequence[tuple[int, int, int]], fill: str
) -> str:
    """Gives an array padded at its ends, and between its numbers.

    Args:
      graph: Gets the nodes.
      name: Of the array.
      shape: Of the array.
      config: Of each axis: numbers before, after, and between; the first two may be negative.
      fill: Name of the number that is padded with.
    """
    between = [axis for axis, (_, _, interior) in enumerate(config) if interior]
    ends = {axis: (low, high) for axis, (low, high, _) in enumerate(config)}
    if between:
        # One axis more behind each of these; its padding lies between the numbers, and once more
        # behind the last.
        wide, counts, pads = list[Any](), list[Any](), list[int]()
        for axis, size in enumerate(shape):
            interior = config[axis][2]
            wide += [size, 1] if interior else [size]
            counts += [size * (1 + interior)]
            pads += [0, interior] if interior else [0]
            low, high = ends[axis]
            ends[axis] = (low, high - interior)
        name = graph.reshape(name, tuple(wide))
        name = graph.node("Pad", name, _numbers(graph, [0] * len(pads) + pads), fill)
        name, shape = graph.reshape(name, tuple(counts)), tuple(counts)
    cut = [axis for axis, (low, high) in ends.items() if low < 0 or high < 0]
    if cut:
        starts = [max(0, -ends[axis][0]) for axis in cut]
        stops = [shape[axis] + min(0, ends[axis][1]) for axis in cut]
        name = graph.sliced(name, starts, stops, cut)
    before = [max(0, low) for low, _ in ends.values()]
    after = [max(0, high) for _, high in ends.values()]
    if any(before + after):
        name = graph.node("Pad", name, _numbers(graph, before + after), fill)
    return name


def _sum_up(kind: str) -> Rule:
    def reduce(graph: Graph, equation: Any, values: Sequence[Value]) -> Value:
        if not equation.params["axes"]:
            return values[0]
        axes = _numbers(graph, equation.params["axes"])
        name = graph.node(kind, graph.whole(values[0]), axes, keepdims=0)
        return graph.of(name, equation.outvars[0])

    return reduce


def _argmax(graph: Graph, equation: Any, values: Sequence[Value]) -> Value:
    [axis] = equation.params["axes"]
    name = graph.node("ArgMax", graph.whole(values[0]), axis=axis, keepdims=0)
    return graph.of(name, equation.outvars[0])


def _sort(graph: Graph, equation: Any, values: Sequence[Value]) -> Value:
    if len(values) != 1:
        raise inexpressible("an array that is sorted by another one")
    axis, value = equation.params["dimension"], values[0]
    count = _numbers(graph, [value.shape[axis]])
    name = graph.node("TopK", graph.whole(value), count, axis=axis, largest=0, num_outputs=2)
    return graph.of(name, equation.outvars[0])


def _iota(graph: Graph, equation: Any, values: Sequence[Value]) -> Value:
    parameters, [result] = equation.params, equation.outvars
    axis, shape = parameters["dimension"], tuple(result.aval.shape)
    sides = [size if i == axis else 1 for i, size in enumerate(shape)]
    numbers = np.arange(shape[axis], dtype=result.aval.dtype).reshape(sides)
    return Value.constant(numbers, shape)


def _gather(graph: Graph, equation: Any, values: Sequence[Value]) -> Value:
    """Rows of an array along one axis, by their numbers."""
    numbers, parameters = equation.params["dimension_numbers"], equation.params
    operand, index = values
    if index.array is not None and index.array.ndim == 1:
        return _part(graph, equation, operand, index.array.tolist())
    whole = [
        size == side for size, side in zip(parameters["slice_sizes"], operand.shape, strict=True)
    ]
    [result] = equation.outvars
    axes = tuple(numbers.start_index_map)
    if len(axes) != 1 or numbers.collapsed_slice_dims != axes or numbers.operand_batching_dims:
        raise inexpressible("an array that is read at places of its own")
    [axis] = axes
    if not all(whole[i] for i in range(len(whole)) if i != axis):
        raise inexpressible("a part of rows that are looked up")
    rank = len(index.shape) - 1
    places = tuple(range(axis, axis + rank))
    rest = tuple(i for i in range(len(result.aval.shape)) if i not in places)
    if tuple(numbers.offset_dims) != rest:
        raise inexpressible("rows that are looked up into other axes")
    rows = graph.reshape(graph.whole(index), index.shape[:-1])
    return graph.of(graph.node("Gather", graph.whole(operand), rows, axis=axis), result)


def _part(graph: Graph, equation: Any, operand: Value, starts: Sequence[int]) -> Value:
    """A part of an array that begins at known places."""
    parameters, [result] = equation.params, equation.outvars
    axes = list(parameters["dimension_numbers"].start_index_map)
    stops = [
        start + parameters["slice_sizes"][axis] for start, axis in zip(starts, axes, strict=True)
    ]
    name = graph.sliced(graph.whole(operand), starts, stops, axes)
    return graph.of(graph.reshape(name, tuple(result.aval.shape)), result)


def _numbers(graph: Graph, numbers: Sequence[int]) -> str:
    return graph.constant(np.array(numbers, np.int64))


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "argmax": _argmax,
        "broadcast_in_dim": _broadcast_in_dim,
        "concatenate": _concatenate,
        "expand_dims": _reshape,
        "gather": _gather,
        "iota": _iota,
        "pad": _pad,
        "reduce_max": _sum_up("ReduceMax"),
        "reduce_min": _sum_up("ReduceMin"),
        "reduce_sum": _sum_up("ReduceSum"),
        "reshape": _reshape,
        "rev": _reverse,
        "slice": _slice,
        "sort": _sort,
        "squeeze": _reshape,
        "stack": _stack,
        "transpose": _transpose,
    }
)
"""By the name of the primitive."""
