"""Equations that compute each number of an array from the numbers at the same place."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from gimefive_jax.interop.onnx.graph import Graph, Shape, Value, inexpressible, onnx_type

Rule = Callable[..., str]
"""`(graph, parameters, *names) -> name`; arrays are broadcast to each other."""


def _node(kind: str) -> Rule:
    return lambda graph, parameters, *names: graph.node(kind, *names)


def _then(first: str, second: str) -> Rule:
    return lambda graph, parameters, *names: graph.node(second, graph.node(first, *names))


def _integer_power(graph: Graph, parameters: Mapping[str, Any], name: str) -> str:
    if parameters["y"] == 2:
        return graph.node("Mul", name, name)
    return graph.node("Pow", name, graph.constant(np.array(parameters["y"], np.float32)))


def _select(graph: Graph, parameters: Mapping[str, Any], which: str, *cases: str) -> str:
    if len(cases) != 2:
        raise inexpressible("a choice among more than two arrays")
    return graph.node("Where", which, cases[1], cases[0])


def _clamp(graph: Graph, parameters: Mapping[str, Any], low: str, x: str, high: str) -> str:
    return graph.node("Min", graph.node("Max", x, low), high)


def _convert(graph: Graph, parameters: Mapping[str, Any], name: str) -> str:
    return graph.node("Cast", name, to=onnx_type(np.dtype(parameters["new_dtype"])))


def _shift_right(graph: Graph, parameters: Mapping[str, Any], name: str, bits: str) -> str:
    # Of what is not negative; ONNX shifts no signed integers.
    two = graph.constant(np.array(2, np.int64))
    return graph.node("Div", name, graph.node("Pow", two, bits))


def _is_finite(graph: Graph, parameters: Mapping[str, Any], name: str) -> str:
    strange = graph.node("Or", graph.node("IsInf", name), graph.node("IsNaN", name))
    return graph.node("Not", strange)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "abs": _node("Abs"),
        "add": _node("Add"),
        "add_any": _node("Add"),
        "and": _node("And"),
        "clamp": _clamp,
        "convert_element_type": _convert,
        "copy": _node("Identity"),
        "copy_p": _node("Identity"),
        "cos": _node("Cos"),
        "div": _node("Div"),
        "eq": _node("Equal"),
        "erf": _node("Erf"),
        "exp": _node("Exp"),
        "floor": _node("Floor"),
        "ge": _node("GreaterOrEqual"),
        "gt": _node("Greater"),
        "integer_pow": _integer_power,
        "is_finite": _is_finite,
        "le": _node("LessOrEqual"),
        "log": _node("Log"),
        "logistic": _node("Sigmoid"),
        "lt": _node("Less"),
        "max": _node("Max"),
        "min": _node("Min"),
        "mul": _node("Mul"),
        "ne": _then("Equal", "Not"),
        "neg": _node("Neg"),
        "not": _node("Not"),
        "or": _node("Or"),
        "pow": _node("Pow"),
        "rsqrt": _then("Sqrt", "Reciprocal"),
        "select_n": _select,
        "shift_right_logical": _shift_right,
        "sign": _node("Sign"),
        "sin": _node("Sin"),
        "sqrt": _node("Sqrt"),
        "square": lambda graph, parameters, name: graph.node("Mul", name, name),
        "stop_gradient": _node("Identity"),
        "sub": _node("Sub"),
        "tanh": _node("Tanh"),
    }
)
"""By the name of the primitive."""


def lower(graph: Graph, equation: Any, values: Sequence[Value]) -> Value:
    """Gives the result of an equation whose primitive is in `RULES`."""
    [result] = equation.outvars
    shape, dtype = tuple(result.aval.shape), np.dtype(result.aval.dtype)
    kept = _unchanged(equation.primitive.name, values, shape)
    if kept is not None:
        return kept
    stored = _broadcast([value.stored for value in values], len(shape))
    if all(value.array is not None for value in values):
        arrays = np.broadcast_arrays(*(np.asarray(value.array) for value in values))
        folded = equation.primitive.bind(*map(np.ascontiguousarray, arrays), **equation.params)
        return Value(shape, dtype, stored, array=np.asarray(folded))
    names = [graph.stored(value) for value in values]
    name = RULES[equation.primitive.name](graph, equation.params, *names)
    return Value(shape, dtype, stored, name)


def _unchanged(primitive: str, values: Sequence[Value], shape: Shape) -> Value | None:
    """The operand to which only zeros are added, such as those behind which gradients begin."""
    if primitive in ("add", "add_any"):
        for one, other in (values, values[::-1]):
            if other.is_zero and one.shape == shape:
                return one
    return None


def _broadcast(shapes: Sequence[Shape], rank: int) -> Shape:
    """Sides of what comes of arrays of these shapes; a number may meet an array of any rank."""
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    return tuple(
        next((size for size in sizes if not isinstance(size, int) or size != 1), 1)
        for sizes in zip(*padded, strict=True)
    )
