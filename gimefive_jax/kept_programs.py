"""Programs on disk that start without being traced: what a command ran, the next one loads.

jax's own cache of compiled programs spares the compilation alone: its key is the program's text,
for which a network is traced and lowered anew in each process, a second or two of Python. Here the
key is said beforehand, by whoever makes a function whose arguments say all that it computes.
"""

import contextlib
import functools
import hashlib
import os
import pickle
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gimefive_jax.files import replacing

if TYPE_CHECKING:
    import jax
    from jaxtyping import PyTree

Result = TypeVar("Result")
ENDING = ".program"
# Settings of jax that may change while a process runs.
_NUMBERS = ("jax_enable_x64", "jax_default_matmul_precision")
_CACHE_SETTING = "jax_enable_compilation_cache"
_NAME = "program_name"  # of the attribute of a function
_PACKAGE = Path(__file__).parent
_folders: list[Path] = []
_loaded: dict[str, Callable[..., object]] = {}


@contextlib.contextmanager
def kept_in(folder: Path) -> Iterator[None]:
    """Keeps the programs of named functions in a folder while the block runs.

    Args:
      folder: Of this kind of machine and this user alone: what lies there is run as it is.
    """
    _folders.append(folder)
    try:
        yield
    finally:
        _folders.pop()
        _loaded.clear()


def named(function: Callable[..., Result], *parts: object) -> Callable[..., Result]:
    """Says what a pure function computes, so that its program may be kept.

    Args:
      function: The function.
      *parts: All that decides what it computes besides its arguments and this package's code, each
        with a `repr` that says the whole of it. An empty text among them says that this is not
        known: then the function stays without a name.

    Returns:
      The function itself.
    """
    if "" not in parts:
        setattr(function, _NAME, repr(parts))
    return function


def name_of(function: Callable[..., object] | None) -> str:
    """Gives the name of a function; empty where it has none, or is None.

    A function that this package defines once, not anew in each call of another, needs none given.
    """
    given, module, path = (
        getattr(function, key, "") or "" for key in (_NAME, "__module__", "__qualname__")
    )
    is_ours = module.startswith(f"{__package__}.") and path and "<" not in path
    return given or (f"{module}.{path}" if is_ours else "")


def ready(
    step: Callable[..., Result], function: Callable[..., object], arguments: tuple["PyTree", ...]
) -> Callable[..., Result]:
    """Gives the compiled program of a step from disk, or compiles and keeps it there.

    Args:
      step: The jitted `function`.
      function: What `named` may have given a name.
      arguments: Of the call that follows, on the devices; later ones have the same shapes.

    Returns:
      What computes the step; the step itself where its program is not to be kept, that is outside
      of `kept_in`, without a name, and on anything but one device of a CPU.
    """
    import jax

    name = name_of(function)
    if not (_folders and name):
        return step
    leaves, tree = jax.tree.flatten(arguments)
    devices = {device for leaf in leaves for device in leaf.sharding.device_set}
    if len(devices) > 1 or any(device.platform != "cpu" for device in devices):
        return step
    numbers = [getattr(jax.config, setting) for setting in _NUMBERS]
    key = _key(name, *((leaf.shape, leaf.dtype) for leaf in leaves), tree, numbers)
    if key not in _loaded:
        path = _folders[-1] / f"{key}{ENDING}"
        _loaded[key] = _load(path, [*devices]) or _compile(step, arguments, path)
    return _loaded[key]  # type: ignore[return-value]


def recalled(name: str, compute: Callable[[], Result]) -> Result:
    """Gives a result from disk, or computes and keeps it there.

    Args:
      name: Says the whole of what is computed, besides this package's code; empty keeps nothing.
      compute: Gives plain Python values.
    """
    if not (_folders and name):
        return compute()
    path = _folders[-1] / f"{_key(name)}{ENDING}"
    found = _read(path)
    if found is None:
        found = compute()
        _write(path, found)
    return found  # type: ignore[return-value]


def _load(path: Path, devices: "list[jax.Device]") -> Callable[..., object] | None:
    from jax.experimental.serialize_executable import deserialize_and_load

    found = _read(path)
    if not isinstance(found, tuple):
        return None
    try:
        program, inputs, outputs = found
        return deserialize_and_load(program, inputs, outputs, execution_devices=devices)
    except Exception:  # noqa: BLE001  whatever is wrong with it: it is compiled anew
        return None


def _compile(
    step: Callable[..., object], arguments: tuple["PyTree", ...], path: Path
) -> Callable[..., object]:
    from jax.experimental.serialize_executable import serialize

    with _without_jaxs_cache():
        compiled = step.lower(*arguments).compile()  # type: ignore[attr-defined]
    with contextlib.suppress(ValueError, NotImplementedError):
        _write(path, serialize(compiled))
    return compiled


@contextlib.contextmanager
def _without_jaxs_cache() -> Iterator[None]:
    """Has jax compile: what it takes from its own cache cannot be stored once more."""
    import jax
    from jax.experimental.compilation_cache.compilation_cache import reset_cache

    before = getattr(jax.config, _CACHE_SETTING)
    jax.config.update(_CACHE_SETTING, False)
    reset_cache()
    try:
        yield
    finally:
        jax.config.update(_CACHE_SETTING, before)
        reset_cache()


def _read(path: Path) -> object:
    """What was kept; None where nothing can be read."""
    try:
        return pickle.loads(path.read_bytes())
    except Exception:  # noqa: BLE001  a damaged file may raise anything
        return None


def _write(path: Path, value: object) -> None:
    with contextlib.suppress(OSError), replacing(path) as temporary:
        temporary.write_bytes(pickle.dumps(value))


def _key(*parts: object) -> str:
    words = [*map(str, parts), *_surroundings()]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


@functools.cache
def _surroundings() -> tuple[str, ...]:
    """What decides programs besides the functions: this package, libraries, settings of jax."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes())
    settings = [f"{name}={os.environ[name]}" for name in sorted(os.environ) if _is_setting(name)]
    return (digest.hexdigest(), *(version(name) for name in ("jax", "jaxlib", "flax")), *settings)


def _is_setting(name: str) -> bool:
    # Where programs are kept does not change them.
    return name.startswith(("JAX_", "XLA_")) and "CACHE" not in name
