"""A pure function of variables and faces, traced by JAX, as an ONNX model."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.extend.core import Literal
from jaxtyping import Array, PyTree
from onnx import ModelProto, TensorProto, checker, helper

from gimefive_jax.interop.face_count import face_count
from gimefive_jax.interop.onnx import elementwise, layout, products
from gimefive_jax.interop.onnx.graph import Graph, Value, inexpressible, onnx_type
from gimefive_jax.structs import AnyArray

# Read by every onnxruntime since 1.14, of 2023, and by onnxruntime-web.
_OPSET, _IR_VERSION = 18, 8
_INPUT = "faces"
_RULES = {**layout.RULES, **products.RULES}
# Only broadcast where it is needed, so never computed beforehand.
_NOT_FOLDED = ("broadcast_in_dim", "iota")
# Numbers of a result that is computed here; a kernel turned for its gradient would lie in the file
# twice. Runtimes compute what follows from constants once.
_FOLDED = 8192
_INSIDE = ("jaxpr", "call_jaxpr", "fun_jaxpr")


def to_onnx(
    function: Callable[[PyTree, Array], Mapping[str, AnyArray]],
    variables: PyTree,
    *,
    side: int,
    batch: int | None,
    metadata: Mapping[str, str],
    halves: bool = False,
) -> bytes:
    """Gives a function of faces as an ONNX model, the variables in it.

    Args:
      function: Pure `(variables, faces)`, faces uint8 `[batch, side, side, 3]`, which gives arrays
        by name, each with a row for each face.
      variables: Of the function, as numpy or jax arrays.
      side: Of the faces, in pixels.
      batch: How many faces at a time; None leaves it open.
      metadata: Words by name, which the model carries.
      halves: Whether numbers that are half precision exactly are stored so; computed is in float32.

    Returns:
      The model's bytes: an input `faces`, and an output for each array.

    Raises:
      InputError: The function does something that these rules cannot express.
    """
    leaves, structure = jax.tree.flatten(variables)

    def outputs(faces: Array, *leaves: Array) -> dict[str, AnyArray]:
        return dict(function(jax.tree.unflatten(structure, leaves), faces))

    with face_count(batch) as size:
        faces = jax.ShapeDtypeStruct((size, side, side, 3), np.uint8)
        closed, shapes = jax.make_jaxpr(outputs, return_shape=True)(faces, *leaves)
    names = sorted(shapes)
    graph = Graph(halves=halves)
    seen = graph.node("Cast", _INPUT, to=TensorProto.INT64)
    first = Value(faces.shape, np.dtype(np.uint8), faces.shape, seen)
    constants = [Value.constant(np.asarray(leaf)) for leaf in leaves]
    results = _run(graph, closed, [first, *constants], wanted=[True] * len(names))
    for name, value in zip(names, results, strict=True):
        graph.node("Identity", graph.whole(value), name=name)
    model = _model(graph, faces, {name: shapes[name] for name in names})
    helper.set_model_props(model, dict(metadata))
    checker.check_model(model)
    return model.SerializeToString()


def _model(graph: Graph, faces: Any, shapes: Mapping[str, Any]) -> ModelProto:
    def described(name: str, kind: int, shape: Sequence[Any]) -> Any:
        sides = [side if isinstance(side, int) else str(side) for side in shape]
        return helper.make_tensor_value_info(name, kind, sides)

    outputs = [described(name, onnx_type(one.dtype), one.shape) for name, one in shapes.items()]
    made = helper.make_graph(
        graph.nodes,
        "gimefive",
        [described(_INPUT, TensorProto.UINT8, faces.shape)],
        outputs,
        graph.initializers,
    )
    opsets = [helper.make_opsetid("", _OPSET)]
    return helper.make_model(
        made, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="gimefive_jax"
    )


def _run(
    graph: Graph, closed: Any, arguments: Sequence[Value], *, wanted: Sequence[bool]
) -> list[Value]:
    """Values of the results of a jaxpr; of those that are not wanted some other value."""
    jaxpr = closed.jaxpr if hasattr(closed, "jaxpr") else closed
    consts = [Value.constant(np.asarray(one)) for one in getattr(closed, "consts", ())]
    known = dict(zip(jaxpr.constvars, consts, strict=True))
    known |= dict(zip(jaxpr.invars, arguments, strict=True))
    nothing = Value.constant(np.zeros((), np.float32))

    def read(atom: Any) -> Value:
        if isinstance(atom, Literal):
            kind: Any = atom.aval
            return Value.constant(np.asarray(atom.val, kind.dtype))
        return known.get(atom, nothing)

    results = zip(jaxpr.outvars, wanted, strict=True)
    needed = {one for one, is_wanted in results if is_wanted and not isinstance(one, Literal)}
    for equation in _needed(jaxpr.eqns, needed):
        values = [read(atom) for atom in equation.invars]
        asked = [one in needed for one in equation.outvars]
        known |= dict(zip(equation.outvars, _lower(graph, equation, values, asked), strict=True))
    return [read(one) for one in jaxpr.outvars]


def _needed(equations: Sequence[Any], needed: set[Any]) -> list[Any]:
    """The equations that results depend on, in their order; adds what they read to `needed`."""
    kept = []
    for equation in reversed(equations):
        if any(one in needed for one in equation.outvars):
            needed |= {atom for atom in equation.invars if not isinstance(atom, Literal)}
            kept.append(equation)
    return kept[::-1]


def _lower(
    graph: Graph, equation: Any, values: Sequence[Value], asked: Sequence[bool]
) -> Sequence[Value]:
    """The results of an equation, as nodes or, of constants alone, computed here."""
    name = equation.primitive.name
    inside = next((equation.params[key] for key in _INSIDE if key in equation.params), None)
    if inside is not None and name not in ("scan", "while", "cond"):
        return _run(graph, inside, values, wanted=asked)
    if name == "optimization_barrier":
        return values
    if name in elementwise.RULES:
        return [elementwise.lower(graph, equation, values)]
    if name not in _RULES:
        raise inexpressible(f"the operation {name}")
    is_known = all(one.array is not None and one.is_whole for one in values)
    if name not in _NOT_FOLDED and is_known and equation.outvars[0].aval.size <= _FOLDED:
        folded = equation.primitive.bind(*(one.array for one in values), **equation.params)
        return [Value.constant(np.asarray(folded))]
    return [_RULES[name](graph, equation, values)]
