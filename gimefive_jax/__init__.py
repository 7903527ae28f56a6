"""Explainable facial-expression classification in JAX.

>>> import gimefive_jax
>>> classifier = gimefive_jax.load("runs/a")
>>> classifier.predict(["photo.jpg"]).probabilities
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gimefive_jax.api import Classifier as Classifier
    from gimefive_jax.api import load as load
    from gimefive_jax.api import open_export as open_export

__all__ = ["Classifier", "load", "open_export"]


def __getattr__(name: str) -> object:
    # Lazily: jax takes a second to import, and `gimefive --help` needs none of it.
    if name in __all__:
        from gimefive_jax import api

        return getattr(api, name)
    raise AttributeError(f"module 'gimefive_jax' has no attribute '{name}'")
