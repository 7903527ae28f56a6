"""Architectures as Flax Linen modules: no I/O, no explanation code, logits out."""

from gimefive_jax.models.registry import default_layer, make_model

__all__ = ["default_layer", "make_model"]
