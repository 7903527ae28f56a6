"""Methods by what names them."""

from collections.abc import Iterable, Mapping, Sequence

from gimefive_jax.errors import InputError, nearest
from gimefive_jax.explanation.calls import INPUT
from gimefive_jax.explanation.methods.facts import METHODS
from gimefive_jax.explanation.methods.method import Method, is_at_input, method_name

_FACES_IN_COPIES = 16


def find_methods(methods: str | Method | Sequence[str | Method]) -> dict[str, Method]:
    """Finds methods by what names them.

    Args:
      methods: A name in `METHODS` or a method of your own, or several.

    Returns:
      The methods by name, in the given order.

    Raises:
      InputError: A name is unknown, no name for a file, or that of two methods.
    """
    several = [methods] if isinstance(methods, str) or callable(methods) else methods
    found: dict[str, Method] = {}
    for method in several:
        name = method if isinstance(method, str) else method_name(method)
        if isinstance(method, str) and method not in METHODS:
            known = list(METHODS)
            raise InputError(
                f"no method '{method}'{nearest(method, known)}; known: {', '.join(known)}"
            )
        one = METHODS[method] if isinstance(method, str) else method
        if found.setdefault(name, one) is not one:
            raise InputError(f"two methods are called '{name}'; give one an attribute `name`")
    return found


def map_keys(methods: Mapping[str, Method], layers: Sequence[str]) -> list[tuple[str, str]]:
    """Gives the keys of the maps of several methods and layers, in order.

    Args:
      methods: By name, as of `find_methods`.
      layers: What layers are asked for.

    Returns:
      (method, layer); a method of the input has one, with the layer `input`.

    Example:
      >>> map_keys(find_methods(["gradcam", "eigencam"]), ["block4"])
      [('gradcam', 'block4'), ('eigencam', 'block4')]
    """
    return [
        (name, layer)
        for name, method in methods.items()
        for layer in ((INPUT,) if is_at_input(method) else layers)
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
