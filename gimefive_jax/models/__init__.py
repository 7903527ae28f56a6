"""Architectures as Flax Linen modules: no I/O, no explanation code, logits out."""

from gimefive_jax.models.inputs import blank_face, input_channels, logits_fn
from gimefive_jax.models.registry import (
    ARCHITECTURES,
    default_layer,
    find_architecture,
    make_model,
)

__all__ = [
    "ARCHITECTURES",
    "blank_face",
    "default_layer",
    "find_architecture",
    "input_channels",
    "logits_fn",
    "make_model",
]
