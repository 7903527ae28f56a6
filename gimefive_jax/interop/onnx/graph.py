"""An ONNX graph under construction: its nodes, its constants, and the values that equations see."""

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from gimefive_jax.errors import InputError
from gimefive_jax.interop.face_count import BATCH

Shape = tuple[Any, ...]
"""Sizes: integers, or expressions of the open axis such as `6*batch`."""


@dataclasses.dataclass(frozen=True, eq=False)
class Value:
    """What a variable of an equation stands for.

    Broadcasting is put off until something needs it, because ONNX broadcasts where it computes: the
    stored array then has sides of 1 where `shape` has larger ones.

    Args:
      shape: The variable's.
      dtype: The variable's.
      stored: Shape of the array that is there.
      name: Of the array in the graph; empty for a constant that is not in the graph.
      array: The array, where it is a constant.
    """

    shape: Shape
    dtype: np.dtype
    stored: Shape
    name: str = ""
    array: np.ndarray | None = None

    @classmethod
    def constant(cls, array: np.ndarray, shape: Shape | None = None) -> "Value":
        """A constant, of the shape of its array or, by broadcasting, of another one."""
        whole = array.shape if shape is None else shape
        return cls(whole, array.dtype, array.shape, array=array)

    @property
    def is_whole(self) -> bool:
        """Whether the stored array has the variable's own shape."""
        return self.stored == self.shape

    @property
    def is_zero(self) -> bool:
        """Whether it is a constant of zeros."""
        return self.array is not None and not self.array.any()


def inexpressible(what: str) -> InputError:
    """Gives the error for something that ONNX, or these rules, cannot express."""
    return InputError(
        f"{what} cannot be written to ONNX; explain another method or layer, or nothing by "
        "--explain none"
    )


class Graph:
    """Nodes and constants, in the order in which they are needed.

    Args:
      halves: Whether constants that are halves are stored as such, and cast where they are used.
    """

    def __init__(self, *, halves: bool = False) -> None:
        self.nodes: list[NodeProto] = []
        self.initializers: list[TensorProto] = []
        self._halves = halves
        self._count = 0
        self._constants: dict[tuple[bytes, str, tuple[int, ...]], str] = {}
        self._batch = ""

    def node(
        self, kind: str, *inputs: str, name: str = "", num_outputs: int = 1, **attributes: Any
    ) -> str:
        """Adds a node and gives the name of its first output."""
        output = name or self._fresh(kind)
        outputs = [output, *(f"{output}_{number}" for number in range(1, num_outputs))]
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, **attributes))
        return output

    def of(self, name: str, like: Any) -> Value:
        """Gives the array of a name as the value of a variable, whose shape it has."""
        shape = tuple(like.aval.shape)
        return Value(shape, np.dtype(like.aval.dtype), shape, name)

    def stored(self, value: Value) -> str:
        """Gives the name of the stored array, which may have sides of 1."""
        return value.name or self.constant(np.asarray(value.array))

    def whole(self, value: Value) -> str:
        """Gives the name of an array of the variable's own shape."""
        name = self.stored(value)
        return name if value.is_whole else self.node("Expand", name, self.sizes(value.shape))

    def constant(self, array: np.ndarray) -> str:
        """Gives the name of a constant; equal ones are stored once."""
        array = np.asarray(array, _stored_dtype(array.dtype))
        key = (array.tobytes(), array.dtype.str, array.shape)
        if key not in self._constants:
            self._constants[key] = self._store(array)
        return self._constants[key]

    def _store(self, array: np.ndarray) -> str:
        name = self._fresh("constant")
        if self._halves and array.dtype == np.float32 and array.ndim > 1:
            half = array.astype(np.float16)
            if (half.astype(np.float32) == array).all():
                self.initializers.append(numpy_helper.from_array(half, f"{name}_half"))
                return self.node("Cast", f"{name}_half", to=TensorProto.FLOAT, name=name)
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def reshape(self, name: str, shape: Shape) -> str:
        """Gives an array in another shape, of which one size may be open."""
        open_sizes = [size for size in shape if not isinstance(size, int)]
        if len(open_sizes) > 1:
            return self.node("Reshape", name, self.sizes(shape))
        known = [size if isinstance(size, int) else -1 for size in shape]
        return self.node("Reshape", name, self.constant(np.array(known, np.int64)))

    def sizes(self, shape: Shape) -> str:
        """Gives the name of an array of sizes."""
        if all(isinstance(size, int) for size in shape):
            return self.constant(np.array(shape, np.int64))
        parts = [
            self.constant(np.array([size], np.int64)) if isinstance(size, int) else self._open(size)
            for size in shape
        ]
        return self.node("Concat", *parts, axis=0)

    def _open(self, size: object) -> str:
        """A size that depends on the open axis, as an array of one number."""
        match = re.fullmatch(rf"(?:(\d+)\*)?{BATCH}", str(size))
        if match is None:
            raise inexpressible(f"a side of {size}, where --batch N is not given,")
        if not self._batch:
            self._batch = self.node("Shape", "faces", start=0, end=1)
        if match[1] is None:
            return self._batch
        return self.node("Mul", self._batch, self.constant(np.array([int(match[1])], np.int64)))

    def transpose(self, name: str, order: Sequence[int]) -> str:
        """Gives an array with its axes in another order."""
        order = tuple(map(int, order))
        if order == tuple(range(len(order))):
            return name
        return self.node("Transpose", name, perm=order)

    def sliced(
        self,
        name: str,
        starts: Sequence[int],
        ends: Sequence[int],
        axes: Sequence[int],
        steps: Sequence[int] | None = None,
    ) -> str:
        """Gives a part of an array along some axes."""
        steps = steps or [1] * len(axes)
        rows = (starts, ends, axes, steps)
        return self.node("Slice", name, *(self.constant(np.array(row, np.int64)) for row in rows))

    def _fresh(self, kind: str) -> str:
        self._count += 1
        return f"{kind.lower()}{self._count}"


def onnx_type(dtype: np.dtype) -> int:
    """Gives ONNX's number of the type that stands for one of ours: all integers are int64."""
    return helper.np_dtype_to_tensor_dtype(_stored_dtype(dtype))


def _stored_dtype(dtype: np.dtype) -> np.dtype:
    if dtype == np.bool_:
        return np.dtype(np.bool_)
    if jnp.issubdtype(dtype, jnp.integer):
        return np.dtype(np.int64)
    if dtype in (np.dtype(np.float32), np.dtype(np.float16)):
        return np.dtype(dtype)
    raise inexpressible(f"an array of {dtype}")
