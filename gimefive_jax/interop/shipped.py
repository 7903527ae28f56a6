"""Weights that come with the package, by name."""

import warnings
from pathlib import Path

from gimefive_jax.config import CONFIG_FILE
from gimefive_jax.interop.weights import is_weight_file

ASSETS = Path(__file__).parents[1] / "assets"


def shipped_names() -> list[str]:
    """Returns the names that stand for a model wherever one is asked for.

    Example:
        >>> shipped_names()
        ['small', 'small_local']
    """
    return sorted(path.stem for path in ASSETS.glob("*.safetensors"))


def shipped_card(name: str) -> Path:
    """Returns the path of the model card: data, recipe, accuracy, intended use and limits."""
    return ASSETS / f"{name}.md"


def shipped_numbers(name: str) -> Path:
    """What was measured on the shipped file; `report.released.read_released` reads it."""
    return ASSETS / f"{name}.json"


def find_weight_file(model: str | Path) -> Path | None:
    """Returns the file of weights that a MODEL argument means.

    Args:
        model: A path, or a shipped name. A run folder at that path wins over a shipped name, with a
            warning.

    Returns:
        The file, be there one or not; None where `model` means neither a file nor a shipped name.
    """
    if is_weight_file(model):
        return Path(model)
    if str(model) not in shipped_names():
        return None
    if (Path(model) / CONFIG_FILE).is_file():
        warnings.warn(
            f"{model} is taken as the run folder of that name here, not as the shipped weights; "
            "rename it, or call from another folder",
            stacklevel=3,
        )
        return None
    return ASSETS / f"{model}.safetensors"
