"""Modules of the user's own, named `package.module:Class` where a config names an architecture."""

import dataclasses
import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import MappingProxyType

import flax.linen as nn
import jax

from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError, nearest
from gimefive_jax.models.architecture import Architecture
from gimefive_jax.models.inputs import blank_face

TRUSTED = "GIMEFIVE_TRUSTED_MODULES"
"""Environment variable: modules, separated by commas, that files of weights may have imported."""


def is_own(name: str) -> bool:
    """Returns whether `name` means a module of the user's own, as `package.module:Class` does."""
    return ":" in name


def find_own(name: str) -> Architecture:
    """Imports a class of the user's own and returns it as an architecture.

    The module is looked for in the current folder, then where Python looks (PYTHONPATH, installed
    packages). **Importing it runs its code.**

    Args:
        name: `package.module:Class`. The class is a Linen module with a field `num_classes` and a
            method `__call__(x, *, train)` that returns logits `[batch, num_classes]` of normalised
            images `[batch, height, width, input_channels]`. Every other field that a `ModelConfig`
            has too (`width`, `depth`, `input_channels`, `squeeze_excite`, `dropout_rate`,
            `head_dropout_rate`) is given the config's value.

    Returns:
        The architecture; it has no torch names.

    Raises:
        InputError: The class cannot be imported, or is not such a class.
    """
    module_class = _import_class(name)
    known = {field.name for field in dataclasses.fields(module_class)}
    if "num_classes" not in known:
        raise InputError(
            f"{name} lacks the field num_classes, the number of its logits; add "
            "`num_classes: int` to the class"
        )
    choices = frozenset(
        field.name
        for field in dataclasses.fields(ModelConfig)
        if field.name in known and field.name not in ("name", "num_classes")
    )

    def build(config: ModelConfig) -> nn.Module:
        _check_choices(config, choices)
        values = {field: getattr(config, field) for field in choices}
        try:
            return module_class(num_classes=config.num_classes, **values)
        # Whatever the user's code raises is the user's to read.
        except Exception as error:
            raise InputError(
                f"{name} cannot be made: {_words(error)}; its fields but num_classes and those of "
                "a config must have defaults"
            ) from error

    return Architecture(
        model=build(ModelConfig(name=name)),
        build=build,
        fields=choices,
        paper_accuracy=MappingProxyType({}),
        torch_names=None,
        calls_per_step=1,
    )


def named_layer(model: nn.Module) -> str:
    """Returns the layer that a module says is to be explained; empty where it says none.

    That is its attribute `default_layer`, a layer's whole name, or else `last_block`, a block that
    has a layer `activation`.
    """
    if layer := getattr(model, "default_layer", ""):
        return str(layer)
    block = getattr(model, "last_block", "")
    return f"{block}/activation" if block else ""


def check_output(model: nn.Module, *, name: str, num_classes: int, image_size: int) -> None:
    """Checks that a module gives one logit per category of an image; computes nothing.

    Args:
        model: The untrained module.
        name: What the config calls it, for the message.
        num_classes: Number of categories.
        image_size: Side of the square images, in pixels.

    Raises:
        InputError: Its call fails, keeps variables other than parameters and batch statistics, or
            returns anything else.
    """
    face = blank_face(model, image_size=image_size)
    size = " x ".join(map(str, face.shape[1:]))
    try:
        logits, variables = jax.eval_shape(
            lambda face: model.init_with_output(jax.random.key(0), face, train=False), face
        )
    except InputError:
        raise
    # Whatever the user's code raises is the user's to read.
    except Exception as error:
        raise InputError(
            f"{name} fails on normalised faces of {size}: {_words(error)}; its call must be "
            "__call__(x, *, train)"
        ) from error
    if other := sorted(set(variables) - {"params", "batch_stats"}):
        raise InputError(
            f"{name} keeps variables in {', '.join(other)}; only params and batch_stats are trained"
        )
    if (found := getattr(logits, "shape", None)) != (1, num_classes):
        raise InputError(
            f"{name} gives an output of shape {found} for one face, and must give logits of shape "
            f"{(1, num_classes)}"
        )


def check_trusted(name: str, *, source: str) -> None:
    """Checks that a file from elsewhere may name this architecture.

    A file of weights is data, so it must not decide which code is run: a class of the user's own is
    taken from it only where its module is imported already or the user has said that it may be.

    Args:
        name: Architecture that the file names.
        source: The file, for the message.

    Raises:
        InputError: The module of `package.module:Class` is neither imported nor in the
            environment variable `GIMEFIVE_TRUSTED_MODULES`.
    """
    if not is_own(name):
        return
    module, _, _ = name.partition(":")
    trusted = [word.strip() for word in os.environ.get(TRUSTED, "").split(",")]
    if module not in sys.modules and module not in trusted:
        raise InputError(
            f"{source} names the model {name}, and importing it would run the code of {module}; "
            f"if you trust that code, set {TRUSTED}={module}, or import it first (Python)"
        )


def _import_class(name: str) -> type[nn.Module]:
    module_name, _, class_name = name.partition(":")
    if not all(part.isidentifier() for part in [*module_name.split("."), class_name]):
        raise InputError(f"model.name {name!r} must be package.module:Class")
    try:
        with _current_folder_first():
            module = importlib.import_module(module_name)
    # Whatever the user's code raises is the user's to read.
    except (Exception, SystemExit) as error:
        raise InputError(
            f"model.name {name}: {module_name} cannot be imported: {_words(error)}; run from the "
            "folder that holds it, or add that to PYTHONPATH"
        ) from error
    found = vars(module).get(class_name)
    if found is None:
        names = [word for word, value in vars(module).items() if isinstance(value, type)]
        raise InputError(f"{module_name} has no class '{class_name}'{nearest(class_name, names)}")
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise InputError(f"{name} is not a subclass of flax.linen.Module; only such are trained")
    return found


def _check_choices(config: ModelConfig, choices: frozenset[str]) -> None:
    for field in dataclasses.fields(ModelConfig):
        value = getattr(config, field.name)
        if field.name in {"name", "num_classes", "emotions"} | choices or value == field.default:
            continue
        raise InputError(
            f"model.{field.name} {value!r}: {config.name} has no field {field.name}; add it to the "
            f"class, or leave model.{field.name} {field.default!r}"
        )


@contextmanager
def _current_folder_first() -> Iterator[None]:
    # As `python -m` has it; a command's own search path begins with the folder of the command.
    folder = os.getcwd()
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


def _words(error: BaseException) -> str:
    # Flax adds a page of advice.
    first = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}"
