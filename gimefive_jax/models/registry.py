"""Architectures by name: the rows of the paper's table (arXiv 2402.15662)."""

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType

import flax.linen as nn

from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError, nearest
from gimefive_jax.models.gimefive import GiMeFive
from gimefive_jax.models.gimefive_residual import GiMeFiveResidual
from gimefive_jax.models.resnet import ResNet
from gimefive_jax.models.vgg import Vgg


@dataclasses.dataclass(frozen=True)
class Architecture:
    """How a model is made, where it is explained, and what the paper reports of it."""

    make: Callable[[ModelConfig], nn.Module]
    default_layer: str
    """Post-ReLU output of the last block."""
    paper_accuracy: Mapping[str, float]
    """Percent of the test set found, by data set; one run each, six categories."""


def make_model(config: ModelConfig) -> nn.Module:
    """Untrained module for `config`; raises InputError for an unknown name."""
    return find_architecture(config.name).make(config)


def default_layer(config: ModelConfig) -> str:
    """Layer that is explained unless another is named: the post-ReLU output of the last block."""
    return find_architecture(config.name).default_layer


def find_architecture(name: str) -> Architecture:
    """Entry of the registry; raises InputError for an unknown name."""
    if name not in ARCHITECTURES:
        names = list(ARCHITECTURES)
        raise InputError(f"no model '{name}'{nearest(name, names)}; known: {', '.join(names)}")
    return ARCHITECTURES[name]


def _gimefive(config: ModelConfig) -> GiMeFive:
    return GiMeFive(
        features=_scale(GiMeFive.features, config.width),
        hidden_features=_scale(GiMeFive.hidden_features, config.width),
        num_classes=config.num_classes,
        dropout_rate=config.dropout_rate,
        head_dropout_rate=config.head_dropout_rate,
    )


def _gimefive_no_dropout(config: ModelConfig) -> GiMeFive:
    return dataclasses.replace(_gimefive(config), dropout_rate=0.0)


def _gimefive_se(config: ModelConfig) -> GiMeFive:
    return dataclasses.replace(_gimefive(config), squeeze_excite=True)


def _gimefive_baseline(config: ModelConfig) -> GiMeFive:
    return dataclasses.replace(
        _gimefive(config),
        features=_scale((64, 128, 256, 512), config.width),
        hidden_features=_scale((1024, 512), config.width),
        drop_after_last=True,
    )


def _gimefive_deep(config: ModelConfig) -> GiMeFive:
    return dataclasses.replace(
        _gimefive(config),
        features=_scale((64, 128, 256, 512, 1024, 2048), config.width),
        hidden_features=_scale((4096, 2048), config.width),
    )


def _gimefive_residual(config: ModelConfig) -> GiMeFiveResidual:
    [stem_features] = _scale((GiMeFiveResidual.stem_features,), config.width)
    return GiMeFiveResidual(
        stem_features=stem_features,
        features=_scale(GiMeFiveResidual.features, config.width),
        hidden_features=_scale(GiMeFiveResidual.hidden_features, config.width),
        num_classes=config.num_classes,
        head_dropout_rate=config.head_dropout_rate,
    )


def _vgg(config: ModelConfig) -> Vgg:
    return Vgg(
        features=_scale(Vgg.features, config.width),
        hidden_features=_scale(Vgg.hidden_features, config.width),
        num_classes=config.num_classes,
        dropout_rate=config.dropout_rate,
        head_dropout_rate=config.head_dropout_rate,
    )


def _resnet18(config: ModelConfig) -> ResNet:
    return _resnet((2, 2, 2, 2), config)


def _resnet34(config: ModelConfig) -> ResNet:
    return _resnet((3, 4, 6, 3), config)


def _resnet(num_blocks: tuple[int, ...], config: ModelConfig) -> ResNet:
    return ResNet(
        num_blocks=num_blocks,
        features=_scale(ResNet.features, config.width),
        num_classes=config.num_classes,
    )


def _scale(features: tuple[int, ...], width: float) -> tuple[int, ...]:
    return tuple(max(1, round(count * width)) for count in features)


ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType(
    {
        "gimefive": Architecture(
            _gimefive, "block5/activation", {"RAF-DB": 86.5, "FER2013": 67.5, "aggregate": 75.3}
        ),
        "gimefive_no_dropout": Architecture(
            _gimefive_no_dropout, "block5/activation", {"RAF-DB": 83.1, "FER2013": 65.6}
        ),
        "gimefive_se": Architecture(_gimefive_se, "block5/activation", {"RAF-DB": 81.7}),
        "gimefive_baseline": Architecture(
            _gimefive_baseline, "block4/activation", {"RAF-DB": 80.6, "FER2013": 64.1}
        ),
        "gimefive_deep": Architecture(
            _gimefive_deep, "block6/activation", {"RAF-DB": 82.5, "FER2013": 65.5}
        ),
        "gimefive_residual": Architecture(
            _gimefive_residual, "block5/activation", {"aggregate": 70.4}
        ),
        "vgg": Architecture(
            _vgg, "pair3/activation", {"RAF-DB": 83.3, "FER2013": 49.4, "aggregate": 53.7}
        ),
        "resnet18": Architecture(
            _resnet18,
            "stage4_block2/activation",
            {"RAF-DB": 81.3, "FER2013": 64.7, "aggregate": 72.4},
        ),
        "resnet34": Architecture(
            _resnet34,
            "stage4_block3/activation",
            {"RAF-DB": 83.7, "FER2013": 67.1, "aggregate": 70.8},
        ),
    }
)
