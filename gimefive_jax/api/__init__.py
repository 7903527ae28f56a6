"""The Python API: a trained model as an object with predict, evaluate and explain."""

from gimefive_jax.api.classifier import Classifier
from gimefive_jax.api.loading import load
from gimefive_jax.explained.opened import open_export

__all__ = ["Classifier", "load", "open_export"]
