"""State dicts as torch would write them, made without torch."""

import dataclasses

import numpy as np
from jaxtyping import PyTree

from gimefive_jax.config import DataConfig, ExperimentConfig, ModelConfig
from gimefive_jax.interop import Weights
from gimefive_jax.interop.state_dict import state_of
from gimefive_jax.interop.torch_names import norm_names
from gimefive_jax.models import make_model
from tests.random_variables import seeded_variables


def make_weights(
    name: str, *, width: float = 0.0625, num_classes: int = 6, **choices: object
) -> Weights:
    """Seeded weights of a row of the registry, with counters; `choices` are fields of a config."""
    model = dataclasses.replace(
        ModelConfig(name=name, width=width, num_classes=num_classes), **choices
    )
    # As a reader gives them, of whatever file.
    model = dataclasses.replace(model, emotions=model.category_names)
    variables: PyTree = seeded_variables(make_model(model), size=64)
    counters = dict.fromkeys(norm_names(variables["batch_stats"]), 1234)
    return Weights(
        config=ExperimentConfig(model=model, data=DataConfig(image_size=64)),
        variables=variables,
        num_batches_tracked=counters,
        source="a formula",
    )


def make_state(
    name: str, *, width: float = 0.0625, num_classes: int = 6, **choices: object
) -> dict[str, np.ndarray]:
    """The same as a state dict."""
    return state_of(make_weights(name, width=width, num_classes=num_classes, **choices))
