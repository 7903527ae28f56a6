"""Other people's explanation libraries, for comparison; tests skip where they are missing."""

import contextlib
import importlib
import importlib.util
import sys
import warnings
from collections.abc import Iterator
from types import ModuleType

import pytest

# Kept alive: the operators go with the library that defines them.
_DEFINED: list[object] = []


def pytorch_grad_cam() -> ModuleType:
    """The package `grad-cam`."""
    return _imported("pytorch_grad_cam")


def captum_attr() -> ModuleType:
    """`captum.attr`."""
    return _imported("captum.attr")


def captum_metrics() -> ModuleType:
    """`captum.metrics`."""
    return _imported("captum.metrics")


def quantus() -> ModuleType:
    """The package `quantus`."""
    return _imported("quantus")


@contextlib.contextmanager
def warnings_ignored() -> Iterator[None]:
    """Other people's warnings are not ours to mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _imported(name: str) -> ModuleType:
    pytest.importorskip("torch", reason="the oracles of explanations need torch")
    with warnings_ignored():
        _define_operators()
        try:
            return importlib.import_module(name)
        except ImportError as error:
            pytest.skip(f"{name} is missing ({error}); install the extra `oracles`")


def _define_operators() -> None:
    """Two operators that torchvision expects of its compiled part, where that cannot be loaded."""
    import torch

    if _DEFINED or not _is_broken("torchvision"):
        return
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _DEFINED.append(library)


def _is_broken(name: str) -> bool:
    """Whether a package is there but fails on import; what was imported of it is forgotten."""
    if name in sys.modules or importlib.util.find_spec(name) is None:
        return False
    try:
        importlib.import_module(name)
    except RuntimeError:
        for module in [one for one in sys.modules if one.split(".")[0] == name]:
            del sys.modules[module]
        return True
    return False
