"""Equations that are sums of products: convolutions and products of matrices."""

import string
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from gimefive_jax.interop.onnx.graph import Graph, Value, inexpressible
from gimefive_jax.interop.onnx.layout import padded


def _convolution(graph: Graph, equation: Any, values: Sequence[Value]) -> Value:
    """Channels go first, as ONNX has them; a runtime drops the transpositions between layers."""
    parameters, (x, kernel) = equation.params, values
    if parameters["batch_group_count"] != 1:
        raise inexpressible("a convolution in groups of faces")
    numbers = parameters["dimension_numbers"]
    name = graph.transpose(graph.whole(x), numbers.lhs_spec)
    shape = tuple(x.shape[axis] for axis in numbers.lhs_spec)
    padding = [tuple(map(int, pair)) for pair in parameters["padding"]]
    between = [dilation - 1 for dilation in parameters["lhs_dilation"]]
    if any(between) or any(side < 0 for pair in padding for side in pair):
        sides = zip(padding, between, strict=True)
        config = [(0, 0, 0), (0, 0, 0), *((low, high, gap) for (low, high), gap in sides)]
        name = padded(graph, name, shape, config, graph.constant(np.zeros((), np.float32)))
        padding = [(0, 0)] * len(padding)
    output = graph.node(
        "Conv",
        name,
        graph.transpose(graph.whole(kernel), numbers.rhs_spec),
        strides=list(parameters["window_strides"]),
        pads=[low for low, _ in padding] + [high for _, high in padding],
        dilations=list(parameters["rhs_dilation"]),
        group=parameters["feature_group_count"],
    )
    order = np.argsort(numbers.out_spec).tolist()
    return graph.of(graph.transpose(output, order), equation.outvars[0])


def _product(graph: Graph, equation: Any, values: Sequence[Value]) -> Value:
    (contracted, batched), (left, right) = equation.params["dimension_numbers"], values
    (left_axes, right_axes), [result] = map(tuple, contracted), equation.outvars
    is_matrix = len(right.shape) <= 2 and len(right_axes) == 1 and not any(batched)
    if is_matrix and left_axes == (len(left.shape) - 1,):
        order = (*right_axes, *(axis for axis in range(len(right.shape)) if axis != right_axes[0]))
        matrix = graph.transpose(graph.whole(right), order)
        return graph.of(graph.node("MatMul", graph.whole(left), matrix), result)
    rule = _einsum(contracted, batched, len(left.shape), len(right.shape))
    name = graph.node("Einsum", graph.whole(left), graph.whole(right), equation=rule)
    return graph.of(name, result)


def _einsum(contracted: Any, batched: Any, left_rank: int, right_rank: int) -> str:
    """The product in letters: shared axes, then those of the left alone, then of the right."""
    letters = iter(string.ascii_lowercase)
    left, right = ["?"] * left_rank, ["?"] * right_rank
    shared = list[str]()
    for pairs, is_kept in ((batched, True), (contracted, False)):
        for one, other in zip(*pairs, strict=True):
            left[one] = right[other] = next(letters)
            shared += [left[one]] if is_kept else []
    for side in (left, right):
        side[:] = [next(letters) if letter == "?" else letter for letter in side]
    joined = {left[axis] for axis in contracted[0]} | set(shared)
    free = [letter for letter in (*left, *right) if letter not in joined]
    return f"{''.join(left)},{''.join(right)}->{''.join((*shared, *free))}"


RULES: Mapping[str, Callable[[Graph, Any, Sequence[Value]], Value]] = MappingProxyType(
    {"conv_general_dilated": _convolution, "dot_general": _product}
)
"""By the name of the primitive."""
