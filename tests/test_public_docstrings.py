"""What users call says what it takes and gives, section by section."""

import importlib
import inspect
from collections.abc import Callable, Iterator

import pytest

_PUBLIC = ("gimefive_jax", "gimefive_jax.config", "gimefive_jax.explanation", "gimefive_jax.faces")


def _functions() -> Iterator[tuple[str, Callable[..., object]]]:
    for module_name in _PUBLIC:
        module = importlib.import_module(module_name)
        for name in module.__all__:
            public = getattr(module, name)
            if inspect.isfunction(public):
                yield f"{module_name}.{name}", public
            elif inspect.isclass(public) and public.__module__.startswith("gimefive_jax"):
                for method, value in vars(public).items():
                    own = getattr(value, "__module__", "").startswith("gimefive_jax")
                    if own and inspect.isfunction(value) and not method.startswith("_"):
                        yield f"{module_name}.{name}.{method}", value


_FUNCTIONS = dict(_functions())


@pytest.mark.parametrize("name", _FUNCTIONS)
def test_a_public_function_describes_what_it_takes_and_gives(name: str):
    function = _FUNCTIONS[name]
    signature = inspect.signature(function)
    text = inspect.getdoc(function) or ""
    if set(signature.parameters) - {"self"}:
        assert "\nArgs:\n" in text
    if signature.parameters and signature.return_annotation not in (None, inspect.Signature.empty):
        takes_itself_alone = set(signature.parameters) == {"self"}
        assert takes_itself_alone or "\nReturns:\n" in text
