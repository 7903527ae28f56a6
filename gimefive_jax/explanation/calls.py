"""Every call of a Linen module during one pass of a network, by name."""

import dataclasses
import functools
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
from flax.errors import ModifyScopeVariableError
from flax.linen.module import InterceptorContext
from jax.extend.core import get_opaque_trace_state
from jaxtyping import Array, PyTree

from gimefive_jax.errors import InputError
from gimefive_jax.explanation.constants import KNOWN_LAYERS, added_constant, own_arrays, why_unknown
from gimefive_jax.explanation.rows import Size, rows_for_twice

Network = Callable[[PyTree, Array], Array]
"""`(variables, x) -> logits`, `[batch, category]`, each row from its own row of `x`."""
INPUT = "input"
"""Name of the network's input as a layer; a module of that name goes before."""
# Between a module's name and the number of its call, from the second call on.
_AGAIN = "#"
_EVALUATION_MODE = "call the model in its evaluation mode, as with call={'train': False}"


@dataclasses.dataclass(frozen=True)
class Call:
    """One method of one module at work; a shared module is called several times."""

    name: str
    """`PATH`, from its second call on `PATH#2`, `PATH#3`, ...; empty for the model itself."""
    module: nn.Module
    is_layer: bool
    """Whether it is a layer by its name: `__call__` of a named module, outside of nn.scan, nn.remat
    and the like, whose insides cannot be reached from outside."""
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Layer:
    """A call that can be explained: it gives one array."""

    call: Call
    shape: tuple[Size, ...]
    dtype: jax.typing.DTypeLike
    adds: bool
    """Whether it adds a constant that can be told."""


@dataclasses.dataclass(frozen=True)
class Unknown:
    """Something that may add a constant nobody can tell."""

    reason: str
    position: int
    """It is certainly below the layers from this number on."""


@dataclasses.dataclass(frozen=True)
class Trace:
    """What one pass of a network calls; nothing was computed."""

    layers: dict[str, Layer]
    """In the order in which the calls return."""
    unknown: tuple[Unknown, ...]

    def position(self, layer: str) -> int:
        """Number of a layer in the order of returns; -1 for the input."""
        return list(self.layers).index(layer) if layer in self.layers else -1

    def unknown_above(self, layer: str) -> str:
        """Why the constants above a layer cannot be told; empty where they can."""
        position = self.position(layer)
        reasons = [one.reason for one in self.unknown if one.position > position]
        return "; ".join(dict.fromkeys(reasons))


def as_network(model: nn.Module | Network, call: Mapping[str, object] | None = None) -> Network:
    """Gives `model` as a function of variables and faces.

    Args:
      model: A Linen module of any call signature, or a function `(variables, x) -> logits`.
      call: Further keywords of each call, such as `{"train": False}`.

    Returns:
      A function `(variables, x) -> logits`, which checks the shape of its logits.
    """
    function: Callable[..., Any] = model.apply if isinstance(model, nn.Module) else model

    def network(variables: PyTree, x: Array) -> Array:
        logits = function(variables, x, **(call or {}))
        # Sizes and not lengths: an export leaves the number of faces open.
        rows = x.shape[0]
        if not isinstance(logits, jax.Array) or logits.ndim != 2 or logits.shape[0] != rows:
            raise InputError(
                f"the network gives {jax.tree.map(jax.typeof, logits)}, not logits "
                f"[{rows}, category]; give a function (variables, x) -> logits"
            )
        return logits

    return network


def visited(network: Network, visit: Callable[[Call, Any], Any]) -> Network:
    """Gives `network` with `visit(call, output)` in the place of the output of every call."""

    def run(variables: PyTree, x: Array) -> Array:
        counts: Counter[str] = Counter()
        outside = get_opaque_trace_state(convention="flax")

        def intercept(call: Any, args: Any, kwargs: Any, context: InterceptorContext) -> Any:
            output = call(*args, **kwargs)
            if context.method_name == "setup":
                return output
            name = "/".join(context.module.path)
            reached = get_opaque_trace_state(convention="flax") == outside
            is_layer = bool(name) and context.method_name == "__call__" and reached
            if is_layer:
                counts[name] += 1
                name = name if counts[name] == 1 else f"{name}{_AGAIN}{counts[name]}"
            return visit(Call(name, context.module, is_layer, args, kwargs), output)

        with nn.intercept_methods(intercept):
            return network(variables, x)

    return run


def trace(network: Network, variables: PyTree, x: PyTree) -> Trace:
    """Runs `network` on shapes alone and notes what it calls."""
    layers: dict[str, Layer] = {}
    unknown: list[Unknown] = []
    # Arrays of the modules that were called; what none of them holds is unknown.
    held: list[tuple[str, Array]] = []
    twice = iter(rows_for_twice(functools.partial(visited, network), variables, x))

    def note(call: Call, output: Any) -> Any:
        own, adds, rows = own_arrays(call.module), False, next(twice, 2 * x.shape[0])
        held.extend(("/".join((*call.module.path, name)), array) for name, array in own.items())
        _check_mode(call)
        owner = call.name or "the model itself"
        if type(call.module) not in KNOWN_LAYERS:
            unknown.extend(Unknown(f"{owner} has '{name}' of its own", len(layers)) for name in own)
        elif reason := why_unknown(call.module, call.is_layer, output, x.shape[0], rows):
            unknown.append(Unknown(f"{owner} {reason}", len(layers)))
        else:
            adds = added_constant(call.module, output) is not None
        if call.is_layer and isinstance(output, jax.Array):
            layers[call.name] = Layer(call, output.shape, output.dtype, adds)
        return output

    def run(variables: PyTree, x: Array) -> Array:
        logits = visited(network, note)(variables, x)
        reasons = [f"no known layer uses {name}" for name in _not_held(variables, held)]
        unknown.extend(Unknown(reason, len(layers)) for reason in reasons)
        return logits

    try:
        jax.eval_shape(run, variables, x)
    except ModifyScopeVariableError as error:
        raise InputError(
            f"the model changes its variables when it is called; {_EVALUATION_MODE}"
        ) from error
    return Trace(layers, tuple(unknown))


def _not_held(variables: PyTree, held: list[tuple[str, Array]]) -> list[str]:
    """Names of the arrays of `variables` that no module holds."""
    leaves = {
        jax.tree_util.keystr(path, simple=True, separator="/"): leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(variables)
    }
    found = {id(array) for _, array in held}
    for name, array in held:
        # Inside a transformation, or cast, it is another array: then its name must tell.
        ending = [leaf for path, leaf in leaves.items() if f"/{path}".endswith(f"/{name}")]
        if all(array is not leaf for leaf in leaves.values()) and len(ending) == 1:
            found.add(id(ending[0]))
    return [name for name, leaf in leaves.items() if id(leaf) not in found]


def _check_mode(call: Call) -> None:
    """Raises InputError for a batch norm that takes the statistics of the batch."""
    if not isinstance(call.module, nn.BatchNorm) or not call.is_layer:
        return
    given = call.kwargs.get("use_running_average", call.args[1] if len(call.args) > 1 else None)
    fixed = call.module.use_running_average
    if not (given if fixed is None else fixed):
        raise InputError(
            f"{call.name} takes the statistics of the batch, so faces depend on each other; "
            f"{_EVALUATION_MODE}"
        )
