"""Configs and sweeps by their shipped names and from Python files."""

import contextlib
import importlib.util
import inspect
import typing
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from gimefive_jax.config.loading import read_config
from gimefive_jax.config.schema import ExperimentConfig
from gimefive_jax.config.sweep import SweepConfig
from gimefive_jax.errors import InputError, nearest

# Configs that were files of their own until 0.1; these names go with the release after it.
_OLD_NAMES: Mapping[str, str] = {
    "gimefive_baseline_fer2013": "gimefive_fer2013:gimefive_baseline",
    "gimefive_deep_fer2013": "gimefive_fer2013:gimefive_deep",
    "gimefive_no_dropout_fer2013": "gimefive_fer2013:gimefive_no_dropout",
    "gimefive_residual_fer2013": "gimefive_fer2013:gimefive_residual",
    "gimefive_se_fer2013": "gimefive_fer2013:gimefive_se",
    "resnet18_fer2013": "gimefive_fer2013:resnet18",
    "resnet34_fer2013": "gimefive_fer2013:resnet34",
    "vgg_fer2013": "gimefive_fer2013:vgg",
}


def config_names() -> list[str]:
    """Names that `load_config` takes without a path, those with an argument included.

    Returns:
      Sorted names, such as `gimefive_fer2013` and `gimefive_fer2013:resnet18`.
    """
    return _names(_config_folder())


def sweep_names() -> list[str]:
    """Names that `load_sweep` takes without a path, beside those of configs."""
    return _names(_config_folder() / "sweeps")


def load_config(name_or_file: str) -> ExperimentConfig:
    """Loads a config by its shipped name or from a file.

    Args:
      name_or_file: A shipped name, a Python file with `get_config()`, or a `config.json`. Where
        `get_config` takes an argument, it may follow a colon.

    Returns:
      The config, checked.

    Raises:
      InputError: There is no such config or argument, or its values break a rule.

    Example:
      >>> from gimefive_jax.config import load_config
      >>> load_config("gimefive_fer2013:resnet18").model.name
      'resnet18'
    """
    loaded = _load(name_or_file, config_names)
    if isinstance(loaded, SweepConfig):
        raise InputError(f"{name_or_file} is a sweep; `gimefive sweep --config` runs it")
    return loaded


def load_sweep(name_or_file: str) -> SweepConfig | ExperimentConfig:
    """Loads a sweep by its shipped name or from a file with `get_sweep()`.

    Args:
      name_or_file: As for `load_config`; names of sweeps are known as well.

    Returns:
      The sweep; a config, whose fields can be varied, where no sweep has the name.

    Raises:
      InputError: There is no such sweep, config or argument, or its values break a rule.
    """
    return _load(name_or_file, lambda: [*sweep_names(), *config_names()])


def _load(name_or_file: str, names: Callable[[], list[str]]) -> ExperimentConfig | SweepConfig:
    if name_or_file in _OLD_NAMES and not Path(name_or_file).is_file():
        now = _OLD_NAMES[name_or_file]
        warnings.warn(f"the config {name_or_file} is now named {now}", FutureWarning, stacklevel=3)
        name_or_file = now
    name, _, argument = name_or_file.partition(":")
    if Path(name_or_file).is_file():
        name, argument = name_or_file, ""
    path = Path(name)
    if name.isidentifier():
        for folder in (_config_folder(), _config_folder() / "sweeps"):
            if (folder / f"{name}.py").is_file():
                path = folder / f"{name}.py"
    if not path.is_file():
        raise InputError(
            f"no config '{name_or_file}'{nearest(name_or_file, names())}; "
            f"give a file or one of {', '.join(names())}"
        )
    if path.suffix != ".json":
        return _run_config_file(path, argument)
    if argument:
        raise InputError(f"{path} takes no argument; leave out ':{argument}'")
    return read_config(path)


def _config_folder() -> Path:
    package = Path(__file__).parent.parent
    # Inside the package once installed, beside it in a clone.
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"


def _names(folder: Path) -> list[str]:
    return sorted(
        name
        for path in folder.glob("[!_]*.py")
        for name in [path.stem, *(f"{path.stem}:{choice}" for choice in _choices(_maker(path)))]
    )


def _run_config_file(path: Path, argument: str = "") -> ExperimentConfig | SweepConfig:
    make = _maker(path)
    _check_argument(path, make, argument)
    with _one_line(path):
        loaded = make(argument) if argument else make()
    if make.__name__ == "get_sweep" and not isinstance(loaded, SweepConfig):
        raise InputError(f"{path}: get_sweep() must return a SweepConfig")
    if make.__name__ == "get_config" and not isinstance(loaded, ExperimentConfig):
        raise InputError(f"{path}: get_config() must return an ExperimentConfig")
    return typing.cast(ExperimentConfig | SweepConfig, loaded)


def _maker(path: Path) -> Callable[..., object]:
    """`get_sweep` of the file, or its `get_config`."""
    spec = importlib.util.spec_from_file_location(f"gimefive_config_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path} is not a Python file; a config ends in .py or .json")
    module = importlib.util.module_from_spec(spec)
    with _one_line(path):
        spec.loader.exec_module(module)
        name = "get_sweep" if hasattr(module, "get_sweep") else "get_config"
        return typing.cast(Callable[..., object], getattr(module, name))


def _check_argument(path: Path, make: Callable[..., object], argument: str) -> None:
    parameters = list(inspect.signature(make).parameters.values())
    if argument and not parameters:
        raise InputError(f"{path.stem} takes no argument; leave out ':{argument}'")
    if not argument and parameters and parameters[0].default is inspect.Parameter.empty:
        raise InputError(f"{path.stem} needs an argument: {path.stem}:{parameters[0].name.upper()}")
    choices = _choices(make)
    if argument and choices and argument not in choices:
        raise InputError(
            f"{path.stem} takes no '{argument}'{nearest(argument, choices)}; "
            f"give one of {', '.join(choices)}"
        )


def _choices(make: Callable[..., object]) -> list[str]:
    """Arguments that a `get_config(name: Literal[...])` lists; none where it takes any or none."""
    for parameter in inspect.signature(make).parameters.values():
        if typing.get_origin(parameter.annotation) is typing.Literal:
            return [str(choice) for choice in typing.get_args(parameter.annotation)]
    return []


@contextlib.contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """Turns what a file's own code raises into one line that names the file."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (SyntaxError, NameError, AttributeError, ImportError, TypeError) as error:
        raise InputError(f"{path} is not a config: {type(error).__name__}: {error}") from error
