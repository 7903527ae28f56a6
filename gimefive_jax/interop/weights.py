"""Trained variables with everything needed to use them."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import jax
from jaxtyping import PyTree

from gimefive_jax.config import ExperimentConfig
from gimefive_jax.scaling import PLAIN_SCALING, Scaling

TORCH_SUFFIXES = (".pth", ".pt")
WEIGHT_SUFFIXES = (".safetensors", *TORCH_SUFFIXES)


@dataclasses.dataclass(frozen=True)
class Weights:
    """Variables of a model and how faces are fed to it."""

    config: ExperimentConfig
    variables: dict[str, PyTree]
    """`params` and `batch_stats` as float32 numpy arrays."""
    num_batches_tracked: Mapping[str, int]
    """By our norms' names what torch's batch norms have counted; empty where it is unknown."""
    source: str
    """Where the numbers come from, in words."""
    notes: tuple[str, ...] = ()
    """What was decided while reading that the user may want otherwise, a line each."""
    scaling: Scaling = PLAIN_SCALING
    """Makes calibrated probabilities of the logits; their softmax where none was fitted."""
    notice: str = ""
    """What a user must know of their origin, such as the terms of the data; a line."""

    @property
    def num_parameters(self) -> int:
        """Trainable numbers."""
        return sum(leaf.size for leaf in jax.tree.leaves(self.variables["params"]))


def is_weight_file(path: str | Path) -> bool:
    """Returns whether `path`, which need not exist, ends as a file of weights and is no folder."""
    return Path(path).suffix.lower() in WEIGHT_SUFFIXES and not Path(path).is_dir()
