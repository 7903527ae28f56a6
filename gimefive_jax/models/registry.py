"""Architectures by name."""

from collections.abc import Callable

import flax.linen as nn

from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError, nearest
from gimefive_jax.models.gimefive import GiMeFive


def make_model(config: ModelConfig) -> nn.Module:
    """Untrained module for `config`; raises InputError for an unknown name."""
    make = _ARCHITECTURES.get(config.name)
    if make is None:
        names = list(_ARCHITECTURES)
        raise InputError(
            f"no model '{config.name}'{nearest(config.name, names)}; known: {', '.join(names)}"
        )
    return make(config)


def default_layer(config: ModelConfig) -> str:
    """Layer that is explained unless another is named: the post-ReLU output of the last block."""
    return f"block{len(_gimefive(config).features)}/activation"


def _gimefive(config: ModelConfig) -> GiMeFive:
    return GiMeFive(
        features=tuple(_scale(n, config.width) for n in GiMeFive.features),
        hidden_features=tuple(_scale(n, config.width) for n in GiMeFive.hidden_features),
        num_classes=config.num_classes,
        dropout_rate=config.dropout_rate,
        head_dropout_rate=config.head_dropout_rate,
    )


def _scale(features: int, width: float) -> int:
    return max(1, round(features * width))


_ARCHITECTURES: dict[str, Callable[[ModelConfig], nn.Module]] = {"gimefive": _gimefive}
