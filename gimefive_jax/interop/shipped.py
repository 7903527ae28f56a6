"""Weights that come with the package, by name."""

import warnings
from pathlib import Path

from gimefive_jax.interop.weights import is_weight_file

ASSETS = Path(__file__).parents[1] / "assets"


def shipped_names() -> list[str]:
    """Names that stand for weights inside the package."""
    return sorted(path.stem for path in ASSETS.glob("*.safetensors"))


def find_weights(model: str | Path) -> Path | None:
    """File of weights that MODEL names: by its suffix, or by a shipped name; else None.

    A path of the same name wins, and a warning says so.
    """
    if is_weight_file(model):
        return Path(model)
    if str(model) not in shipped_names():
        return None
    if Path(model).exists():
        warnings.warn(
            f"'{model}' is taken to be the path ./{model}, not the shipped weights of that name; "
            "rename the path to use these",
            stacklevel=3,
        )
        return None
    return ASSETS / f"{model}.safetensors"


def is_shipped(path: Path) -> bool:
    """Whether `path` lies inside the package."""
    return path.parent == ASSETS
