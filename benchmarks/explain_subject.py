"""The model that benchmarks of explanations take: shipped weights, or random ones of any width."""

import jax
import numpy as np
from jaxtyping import PyTree

from gimefive_jax import load
from gimefive_jax.config import ModelConfig
from gimefive_jax.models import make_model
from gimefive_jax.models.gimefive import GiMeFive

LAST = "block5/activation"
LAYERS = tuple(f"block{number}/activation" for number in range(1, 6))


def subject(model: str) -> tuple[GiMeFive, PyTree]:
    """Module and variables of `small`, or of GiMeFive at a width such as `1.0`."""
    if not model.replace(".", "").isdigit():
        classifier = load(model)
        return classifier.model, classifier.variables
    module = make_model(ModelConfig(width=float(model)))
    face = np.zeros((1, 64, 64, 3), np.float32)
    return module, jax.jit(lambda key: module.init(key, face, train=False))(jax.random.key(0))
