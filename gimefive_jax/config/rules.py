"""Rules that the values of a config must keep, each in words."""

import types
import typing
from collections.abc import Mapping

from gimefive_jax.errors import InputError

if typing.TYPE_CHECKING:
    from gimefive_jax.config.schema import ExperimentConfig

_RULES: Mapping[str, tuple[typing.Callable[[typing.Any], bool], str]] = types.MappingProxyType(
    {
        "data.image_size": (lambda n: n > 0 and n % 32 == 0, "be a positive multiple of 32"),
        "data.augmentation.shift": (lambda x: 0 <= x < 1, "lie in [0, 1)"),
        "data.augmentation.rotation": (lambda x: 0 <= x <= 180, "lie in [0, 180] degrees"),
        "data.augmentation.scale": (lambda x: 0 <= x < 1, "lie in [0, 1)"),
        "data.augmentation.brightness": (lambda x: 0 <= x <= 1, "lie in [0, 1]"),
        "data.augmentation.contrast": (lambda x: 0 <= x <= 1, "lie in [0, 1]"),
        "data.augmentation.erasing": (lambda x: 0 <= x <= 1, "lie in [0, 1]"),
        "data.augmentation.mixup": (lambda x: x >= 0, "not be negative; it is Beta's alpha"),
        "data.augmentation.cutmix": (lambda x: x >= 0, "not be negative; it is Beta's alpha"),
        "model.width": (lambda x: x > 0, "be positive"),
        "model.depth": (lambda n: 0 <= n <= 7, "lie in 1..7, or be 0 for the architecture's own"),
        "model.num_classes": (lambda n: n >= 2, "be at least 2"),
        "model.emotions": (
            lambda names: (
                len(set(names)) == len(names)
                and all(name == name.strip() and name.isprintable() and name for name in names)
            ),
            "be different words, without line breaks or spaces around them",
        ),
        "model.input_channels": (lambda n: n in (1, 3), "be 3 equal grey channels, or 1"),
        "model.dropout_rate": (lambda x: 0 <= x < 1, "lie in [0, 1)"),
        "model.head_dropout_rate": (lambda x: 0 <= x < 1, "lie in [0, 1)"),
        "optimizer.learning_rate": (lambda x: x > 0, "be positive"),
        "optimizer.rest_learning_rate": (lambda x: x > 0, "be positive"),
        "optimizer.momentum": (lambda x: 0 <= x < 1, "lie in [0, 1)"),
        "optimizer.weight_decay": (lambda x: x >= 0, "not be negative"),
        "optimizer.warmup_epochs": (lambda x: x >= 0, "not be negative"),
        "optimizer.decay_factor": (lambda x: 0 < x <= 1, "lie in (0, 1]"),
        "optimizer.decay_epochs": (lambda x: x > 0, "be positive"),
        "optimizer.plateau_patience": (lambda n: n >= 0, "not be negative"),
        "optimizer.clip_norm": (lambda x: x >= 0, "not be negative; 0 clips nothing"),
        "optimizer.sam_radius": (lambda x: x >= 0, "not be negative; 0 is off"),
        "training.batch_size": (lambda n: n > 0, "be positive"),
        "training.micro_batches": (lambda n: n > 0, "be positive"),
        "training.steps_per_dispatch": (lambda n: n > 0, "be positive"),
        "training.class_weighting": (lambda x: x >= 0, "not be negative; 0 is off"),
        "training.logit_adjustment": (lambda x: x >= 0, "not be negative; 0 is off"),
        "training.num_epochs": (lambda n: n > 0, "be positive"),
        "training.label_smoothing": (lambda x: 0 <= x < 1, "lie in [0, 1)"),
        "training.average_decay": (lambda x: 0 <= x < 1, "lie in [0, 1)"),
        "training.patience": (lambda n: n >= 0, "not be negative"),
        "training.max_minutes": (lambda x: x >= 0, "not be negative"),
        "training.save_every_minutes": (lambda x: x > 0, "be positive"),
        "evaluation.batch_size": (lambda n: n > 0, "be positive"),
        "explanation.batch_size": (lambda n: n > 0, "be positive"),
        "seed": (lambda n: 0 <= n < 2**31, "lie in [0, 2^31)"),
    }
)


def check(config: "ExperimentConfig") -> None:
    """Raise InputError unless every value keeps its rule, and all fit together."""
    for name, (holds, rule) in _RULES.items():
        value: typing.Any = config
        for part in name.split("."):
            value = getattr(value, part)
        if not holds(value):
            raise InputError(f"{name} {value!r} must {rule}")
    num_classes, emotions = config.model.num_classes, config.model.emotions
    if emotions and len(emotions) != num_classes:
        raise InputError(
            f"model.num_classes {num_classes} must be the number of names in model.emotions, "
            f"{len(emotions)}: {', '.join(emotions)}"
        )
    augmentation, batch_size = config.data.augmentation, config.training.batch_size
    if batch_size % config.training.micro_batches:
        raise InputError(
            f"training.batch_size {batch_size} must be a multiple of training.micro_batches "
            f"{config.training.micro_batches}"
        )
    if batch_size == 1 and (augmentation.mixup or augmentation.cutmix):
        raise InputError(
            "training.batch_size 1 must be at least 2 for mixup and cutmix: faces are mixed with "
            "others of their batch"
        )
