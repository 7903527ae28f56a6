"""Every setting of an experiment, with its default and unit: the schema of `configs/` and `config.json`."""

import dataclasses
import importlib.util
import json
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from gimefive_jax.errors import InputError, nearest


@dataclasses.dataclass(frozen=True)
class AugmentationConfig:
    """Random changes to training faces; all off by default."""

    flip: bool = False
    """Mirror left and right with probability one half."""
    shift: float = 0.0
    """Largest shift in each direction, as a share of the side."""
    rotation: float = 0.0
    """Largest rotation in either sense, in degrees."""
    scale: float = 0.0
    """Largest relative change of size: 0.1 draws factors from 0.9 to 1.1."""
    brightness: float = 0.0
    """Largest change of brightness, as a share of the full range."""
    contrast: float = 0.0
    """Largest relative change of contrast around the face's mean."""


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """Which prepared data set, which splits, and how a face becomes an input."""

    name: str = "fer2013"
    """Prepared data set, as in `gimefive data list`."""
    variant: str = "six"
    """The data set's configuration: `six` categories, or `seven` with neutral."""
    directory: str = ""
    """Folder of prepared data sets; empty means $TFDS_DATA_DIR, else ~/tensorflow_datasets."""
    train_split: str = "train"
    """Split that is trained on."""
    validation_split: str = "validation"
    """Split that chooses the best checkpoint; never test."""
    image_size: int = 64
    """Side of the square input, in pixels; a multiple of 32, so that five pools drop no row."""
    fit: Literal["squash", "crop"] = "squash"
    """How a face becomes square: `squash` ignores its aspect ratio, `crop` takes the centre."""
    augmentation: AugmentationConfig = AugmentationConfig()


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """Which architecture, and how large."""

    name: str = "gimefive"
    """Architecture, as in the registry."""
    width: float = 1.0
    """Multiplies the number of features of every layer; 1 is the paper's."""
    num_classes: int = 6
    """Number of expression categories: 6, or 7 with neutral."""
    dropout_rate: float = 0.2
    """Share of features dropped after the pools of all blocks but the last."""
    head_dropout_rate: float = 0.5
    """Share of features dropped after the first dense layer."""


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
    """How gradients move the parameters."""

    name: Literal["sgd", "adamw"] = "sgd"
    learning_rate: float = 1e-3
    """Peak learning rate."""
    momentum: float = 0.9
    """Momentum of sgd; adamw keeps optax's betas."""
    nesterov: bool = False
    """Nesterov's form of the momentum."""
    weight_decay: float = 1e-4
    """Share of each decayed parameter added to its gradient (sgd) or subtracted per step (adamw)."""
    decay_only_kernels: bool = False
    """Spare biases and batch-norm parameters from weight decay; torch's optimizers decay all."""
    schedule: Literal["constant", "cosine"] = "constant"
    """Learning rate over the run; `cosine` falls to zero at the last epoch."""
    warmup_epochs: float = 0.0
    """Epochs of linear rise from zero to the peak."""


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """How long, how much at once, and when to stop."""

    batch_size: int = 16
    """Faces per step, over all devices."""
    num_epochs: int = 80
    """Passes over the train split."""
    label_smoothing: float = 0.0
    """Probability mass spread evenly over all categories."""
    average_decay: float = 0.0
    """Decay of the averaged parameters that are evaluated and kept; 0 averages nothing."""
    patience: int = 15
    """Stop after so many epochs without a better validation accuracy; 0 never stops early."""
    max_minutes: float = 0.0
    """Save and stop after so many minutes of this call; 0 has no bound. The same command goes on."""
    save_every_minutes: float = 5.0
    """Longest work, in minutes, that a crash may cost; every epoch is saved as well."""


@dataclasses.dataclass(frozen=True)
class EvaluationConfig:
    """How a split is evaluated."""

    batch_size: int = 256
    """Faces per step, over all devices; changes no result."""


@dataclasses.dataclass(frozen=True)
class ExplanationConfig:
    """How a split is explained."""

    methods: tuple[str, ...] = ("hirescam", "gradcam")
    """Methods, the first one is drawn."""
    layers: tuple[str, ...] = ()
    """Layers by name; empty means the post-ReLU output of the last block."""
    batch_size: int = 256
    """Faces per step, over all devices; changes no result."""


@dataclasses.dataclass(frozen=True)
class ExperimentConfig:
    """One experiment; each stage is given only its own part."""

    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    explanation: ExplanationConfig = ExplanationConfig()
    seed: int = 0
    """Seed of initial parameters, order of faces, augmentation and dropout."""

    def __post_init__(self) -> None:
        _check(self)


def replace(config: ExperimentConfig, values: Mapping[str, object]) -> ExperimentConfig:
    """`config` with dotted fields replaced: `replace(config, {"model.width": 0.25})`."""
    tree = to_dict(config)
    for name, value in values.items():
        *parents, last = name.split(".")
        node = tree
        for parent in parents:
            node = typing.cast(dict[str, object], node.get(parent, {}))
        if last not in node:
            fields = _field_names(ExperimentConfig)
            raise InputError(f"config has no field '{name}'{nearest(name, fields)}")
        node[last] = value
    return from_dict(tree)


def to_dict(config: ExperimentConfig) -> dict[str, object]:
    """Plain nested dictionary, as written to `config.json`."""
    return dataclasses.asdict(config)


def from_dict(values: Mapping[str, object]) -> ExperimentConfig:
    """Inverse of `to_dict`; raises InputError naming an unknown field or a value of the wrong type."""
    return _build(ExperimentConfig, values, prefix="")


def read_config(path: Path) -> ExperimentConfig:
    """Config saved as `config.json`."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not a readable config.json: {error}") from error
    if not isinstance(values, dict):
        raise InputError(f"{path} must hold a JSON object, as a run's config.json does")
    return from_dict(values)


def config_names() -> list[str]:
    """Names that `load_config` knows without a path."""
    return sorted(path.stem for path in _config_folder().glob("[!_]*.py"))


def load_config(name_or_file: str) -> ExperimentConfig:
    """Config by shipped name, by Python file with `get_config()`, or by `config.json`."""
    path = _config_folder() / f"{name_or_file}.py"
    if not name_or_file.isidentifier() or not path.is_file():
        path = Path(name_or_file)
    if not path.is_file():
        names = config_names()
        raise InputError(
            f"no config '{name_or_file}'{nearest(name_or_file, names)}; "
            f"give a file or one of {', '.join(names)}"
        )
    return read_config(path) if path.suffix == ".json" else _run_config_file(path)


def _config_folder() -> Path:
    package = Path(__file__).parent
    # Inside the package once installed, beside it in a clone.
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"


def _run_config_file(path: Path) -> ExperimentConfig:
    spec = importlib.util.spec_from_file_location(f"gimefive_config_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path} is not a Python file; a config ends in .py or .json")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        config = module.get_config()
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (SyntaxError, NameError, AttributeError, ImportError, TypeError) as error:
        raise InputError(f"{path} is not a config: {type(error).__name__}: {error}") from error
    if not isinstance(config, ExperimentConfig):
        raise InputError(f"{path}: get_config() must return an ExperimentConfig")
    return config


def _build(schema: type, values: Mapping[str, object], *, prefix: str) -> typing.Any:
    hints = typing.get_type_hints(schema)
    for name in values:
        if name not in hints:
            raise InputError(f"config has no field '{prefix}{name}'{nearest(name, list(hints))}")
    arguments = {
        name: _convert(hints[name], value, name=prefix + name) for name, value in values.items()
    }
    return schema(**arguments)


def _convert(hint: typing.Any, value: object, *, name: str) -> object:
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return _build(typing.cast(type, hint), value, prefix=f"{name}.")
    origin = typing.get_origin(hint)
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(str(item) for item in value)
    if origin is Literal:
        choices = typing.get_args(hint)
        if value in choices:
            return value
        raise InputError(f"{name} {value!r} must be one of {', '.join(map(str, choices))}")
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is hint:
        return value
    wanted = hint.__name__ if isinstance(hint, type) else str(hint)
    raise InputError(f"{name} {value!r} must be of type {wanted}")


def _field_names(schema: type, prefix: str = "") -> list[str]:
    names = []
    for name, hint in typing.get_type_hints(schema).items():
        if dataclasses.is_dataclass(hint):
            names += _field_names(typing.cast(type, hint), f"{prefix}{name}.")
        else:
            names.append(prefix + name)
    return names


_RULES: Mapping[str, tuple[typing.Callable[[typing.Any], bool], str]] = types.MappingProxyType(
    {
        "data.image_size": (lambda n: n > 0 and n % 32 == 0, "be a positive multiple of 32"),
        "data.augmentation.shift": (lambda x: 0 <= x < 1, "lie in [0, 1)"),
        "data.augmentation.rotation": (lambda x: 0 <= x <= 180, "lie in [0, 180] degrees"),
        "data.augmentation.scale": (lambda x: 0 <= x < 1, "lie in [0, 1)"),
        "data.augmentation.brightness": (lambda x: 0 <= x <= 1, "lie in [0, 1]"),
        "data.augmentation.contrast": (lambda x: 0 <= x <= 1, "lie in [0, 1]"),
        "model.width": (lambda x: x > 0, "be positive"),
        "model.num_classes": (lambda n: n in (6, 7), "be 6, or 7 with neutral"),
        "model.dropout_rate": (lambda x: 0 <= x < 1, "lie in [0, 1)"),
        "model.head_dropout_rate": (lambda x: 0 <= x < 1, "lie in [0, 1)"),
        "optimizer.learning_rate": (lambda x: x > 0, "be positive"),
        "optimizer.momentum": (lambda x: 0 <= x < 1, "lie in [0, 1)"),
        "optimizer.weight_decay": (lambda x: x >= 0, "not be negative"),
        "optimizer.warmup_epochs": (lambda x: x >= 0, "not be negative"),
        "training.batch_size": (lambda n: n > 0, "be positive"),
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


def _check(config: ExperimentConfig) -> None:
    for name, (holds, rule) in _RULES.items():
        value: typing.Any = config
        for part in name.split("."):
            value = getattr(value, part)
        if not holds(value):
            raise InputError(f"{name} {value!r} must {rule}")
