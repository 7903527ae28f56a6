"""What a model is fed: faces as `preprocess` gives them."""

import flax.linen as nn
import jax
import jax.numpy as jnp

_CHANNELS = 3


def input_channels(model: nn.Module) -> int:
    """Returns how many equal grey channels `model` takes: its `input_channels`, 3 without one."""
    return int(getattr(model, "input_channels", _CHANNELS))


def blank_face(model: nn.Module, *, image_size: int) -> jax.ShapeDtypeStruct:
    """Returns the shape of a batch of one normalised face, in as many channels as `model` takes."""
    return jax.ShapeDtypeStruct((1, image_size, image_size, input_channels(model)), jnp.float32)
