"""Architectures by name. Every file of this folder that registers one is imported here."""

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path

import flax.linen as nn

from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError, nearest
from gimefive_jax.models.architecture import REGISTERED, Architecture
from gimefive_jax.models.own import find_own, is_own, named_layer

for _module in pkgutil.iter_modules([str(Path(__file__).parent)], f"{__package__}."):
    if _module.name != __name__:
        importlib.import_module(_module.name)

ARCHITECTURES: Mapping[str, Architecture] = REGISTERED
"""The rows of the paper's table (arXiv 2402.15662) by name."""


def make_model(config: ModelConfig) -> nn.Module:
    """Returns the untrained module for a config.

    Args:
        config: Which architecture, how large, and for how many categories.

    Returns:
        A Flax module whose `__call__(x, *, train)` gives logits `[batch, num_classes]` of
        normalised images `[batch, height, width, input_channels]`.

    Raises:
        InputError: There is no such architecture, or it has no such choice.

    Example:
        >>> from gimefive_jax.config import ModelConfig
        >>> make_model(ModelConfig(name="gimefive", width=0.25)).features
        (16, 32, 64, 128, 256)
    """
    return find_architecture(config.name).build(config)


def default_layer(config: ModelConfig) -> str:
    """Returns the layer that is explained unless another is named.

    That is the output of the last block after its ReLU, where a heat map and the effect of the
    biases behind it add up to the logit. A module of the user's own says it by an attribute
    `default_layer` or `last_block`; empty where it has neither.

    Example:
        >>> from gimefive_jax.config import ModelConfig
        >>> default_layer(ModelConfig(name="gimefive"))
        'block5/activation'
    """
    return named_layer(make_model(config))


def find_architecture(name: str) -> Architecture:
    """Returns what the package knows of the architecture of that name.

    Args:
        name: As a config says it in `model.name`: a row of `gimefive models`, or
            `package.module:Class`, a Linen module of the user's own, which is imported.

    Raises:
        InputError: There is none of that name, with the nearest; or the class cannot be imported
            or trained.
    """
    if is_own(name):
        return find_own(name)
    if name not in ARCHITECTURES:
        names = list(ARCHITECTURES)
        raise InputError(
            f"no model '{name}'{nearest(name, names)}; known: {', '.join(names)}, and "
            "package.module:Class"
        )
    return ARCHITECTURES[name]
