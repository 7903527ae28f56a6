"""Architectures by name: the rows of the paper's table (arXiv 2402.15662)."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import flax.linen as nn

from gimefive_jax.config import ModelConfig
from gimefive_jax.errors import InputError, nearest
from gimefive_jax.models.gimefive import GiMeFive
from gimefive_jax.models.gimefive_residual import GiMeFiveResidual
from gimefive_jax.models.resnet import ResNet
from gimefive_jax.models.vgg import Vgg


@dataclasses.dataclass(frozen=True)
class Architecture:
    """A row of the paper's table."""

    model: nn.Module
    """As the paper has it; a config changes its fields."""
    paper_accuracy: Mapping[str, float]
    """Percent of the test set found, by data set; one run each, six categories."""


ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType(
    {
        "gimefive": Architecture(GiMeFive(), {"RAF-DB": 86.5, "FER2013": 67.5, "aggregate": 75.3}),
        "gimefive_no_dropout": Architecture(
            GiMeFive(dropout_rate=0.0), {"RAF-DB": 83.1, "FER2013": 65.6}
        ),
        "gimefive_se": Architecture(GiMeFive(squeeze_excite=True), {"RAF-DB": 81.7}),
        "gimefive_baseline": Architecture(
            GiMeFive(
                features=(64, 128, 256, 512), hidden_features=(1024, 512), drop_after_last=True
            ),
            {"RAF-DB": 80.6, "FER2013": 64.1},
        ),
        "gimefive_deep": Architecture(
            GiMeFive(features=(64, 128, 256, 512, 1024, 2048), hidden_features=(4096, 2048)),
            {"RAF-DB": 82.5, "FER2013": 65.5},
        ),
        "gimefive_residual": Architecture(GiMeFiveResidual(), {"aggregate": 70.4}),
        "vgg": Architecture(Vgg(), {"RAF-DB": 83.3, "FER2013": 49.4, "aggregate": 53.7}),
        "resnet18": Architecture(
            ResNet(num_blocks=(2, 2, 2, 2)), {"RAF-DB": 81.3, "FER2013": 64.7, "aggregate": 72.4}
        ),
        "resnet34": Architecture(
            ResNet(num_blocks=(3, 4, 6, 3)), {"RAF-DB": 83.7, "FER2013": 67.1, "aggregate": 70.8}
        ),
    }
)


def make_model(config: ModelConfig) -> nn.Module:
    """Untrained module for `config`; raises InputError for a name or a choice there is not."""
    paper = find_architecture(config.name).model
    fields: dict[str, Any] = {
        "num_classes": config.num_classes,
        "input_channels": config.input_channels,
        "features": _scale(_features(config, paper), config.width),
    }
    if hasattr(paper, "stem_features"):
        [fields["stem_features"]] = _scale((paper.stem_features,), config.width)
    if hasattr(paper, "hidden_features"):
        fields["hidden_features"] = _scale(paper.hidden_features, config.width)
        fields["head_dropout_rate"] = config.head_dropout_rate
    # A row without dropout in its blocks has none at any rate.
    if getattr(paper, "dropout_rate", 0.0):
        fields["dropout_rate"] = config.dropout_rate
    if hasattr(paper, "squeeze_excite") and config.squeeze_excite != "auto":
        fields["squeeze_excite"] = config.squeeze_excite == "on"
    elif config.squeeze_excite == "on":
        raise InputError(
            f"{config.name} has no place for a squeeze-excite; leave model.squeeze_excite auto "
            "or take gimefive"
        )
    return dataclasses.replace(paper, **fields)


def default_layer(config: ModelConfig) -> str:
    """Layer that is explained unless another is named: the post-ReLU output of the last block."""
    return f"{make_model(config).last_block}/activation"


def find_architecture(name: str) -> Architecture:
    """Entry of the registry; raises InputError for an unknown name."""
    if name not in ARCHITECTURES:
        names = list(ARCHITECTURES)
        raise InputError(f"no model '{name}'{nearest(name, names)}; known: {', '.join(names)}")
    return ARCHITECTURES[name]


def _features(config: ModelConfig, paper: nn.Module) -> tuple[int, ...]:
    if not config.depth:
        return paper.features
    if hasattr(paper, "num_blocks"):
        raise InputError(
            f"{config.name} has no depth to choose; leave model.depth 0 or take another model"
        )
    return tuple(paper.features[0] << number for number in range(config.depth))


def _scale(features: tuple[int, ...], width: float) -> tuple[int, ...]:
    return tuple(max(1, round(count * width)) for count in features)
