"""Methods by what names them."""

from collections.abc import Iterable, Mapping, Sequence

from gimefive_jax.errors import InputError, nearest
from gimefive_jax.explanation.calls import INPUT
from gimefive_jax.explanation.methods.facts import METHODS
from gimefive_jax.explanation.methods.method import Method, is_at_input, method_name
from gimefive_jax.explanation.methods.placed import AT, PlacedMethod, placed

_FACES_IN_COPIES = 16


def find_methods(methods: str | Method | Sequence[str | Method]) -> dict[str, Method]:
    """Finds methods by what names them.

    Args:
      methods: A name in `METHODS`, one with a layer of its own such as
        `layercam@block3/activation`, or a method of your own; or several.

    Returns:
      The methods by name, in the given order. A method that is named at several layers is one
      `PlacedMethod`.

    Raises:
      InputError: A name is unknown, no name for a file, or that of two methods.
    """
    several = [methods] if isinstance(methods, str) or callable(methods) else methods
    found: dict[str, Method] = {}
    for method in several:
        one = _named(method) if isinstance(method, str) else method
        name = method_name(one)
        if name in found and found[name] is not one:
            one = _at_both(name, found[name], one)
        found[name] = one
    return found


def _named(word: str) -> Method:
    name, at, layer = word.partition(AT)
    if name not in METHODS:
        known = list(METHODS)
        raise InputError(f"no method '{name}'{nearest(name, known)}; known: {', '.join(known)}")
    if not at:
        return METHODS[name]
    if is_at_input(METHODS[name]) or not layer:
        raise InputError(
            f"'{word}' names no layer that {name} can explain; write METHOD{AT}LAYER, such as "
            f"gradcam{AT}block3/activation"
        )
    return placed(METHODS[name], (layer,))


def _at_both(name: str, first: Method, second: Method) -> Method:
    if (
        isinstance(first, PlacedMethod)
        and isinstance(second, PlacedMethod)
        and first.method is second.method
    ):
        return placed(first.method, tuple(dict.fromkeys((*first.layers, *second.layers))))
    raise InputError(
        f"two methods are called '{name}'; give one an attribute `name`, or each its own layer as "
        f"{name}{AT}LAYER"
    )


def map_keys(methods: Mapping[str, Method], layers: Sequence[str]) -> list[tuple[str, str]]:
    """Gives the keys of the maps of several methods and layers, in order.

    Args:
      methods: By name, as of `find_methods`.
      layers: What layers are asked for.

    Returns:
      (method, layer); a method of the input has one, with the layer `input`, and a
      `PlacedMethod` has its own layers.

    Example:
      >>> map_keys(find_methods(["gradcam", "eigencam"]), ["block4"])
      [('gradcam', 'block4'), ('eigencam', 'block4')]
    """
    return [
        (name, layer) for name, method in methods.items() for layer in _layers_of(method, layers)
    ]


def batch_size_for(methods: Iterable[Method], batch_size: int) -> int:
    """Gives how many faces to explain at once: few where each is tried in hundreds of copies.

    The copies of many faces go through the network in many parts, and each part is compiled.

    Args:
      methods: That are computed together.
      batch_size: Faces at once for methods that need no copies.

    Returns:
      The number of faces.

    Example:
      >>> batch_size_for(find_methods(["gradcam", "occlusion"]).values(), 256)
      16
    """
    tries_copies = any(getattr(method, "tries_copies", False) for method in methods)
    return min(batch_size, _FACES_IN_COPIES) if tries_copies else batch_size


def _layers_of(method: Method, layers: Sequence[str]) -> Sequence[str]:
    if isinstance(method, PlacedMethod):
        return method.layers
    return (INPUT,) if is_at_input(method) else layers
