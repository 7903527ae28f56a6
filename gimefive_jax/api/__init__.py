"""The Python API: a trained model as an object with predict, evaluate and explain."""

from gimefive_jax.api.classifier import Classifier
from gimefive_jax.api.loading import load

__all__ = ["Classifier", "load"]
