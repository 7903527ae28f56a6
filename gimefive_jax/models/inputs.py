"""What a model is fed: faces as `preprocess` gives them."""

import flax.linen as nn
import jax
import jax.numpy as jnp


def blank_face(model: nn.Module, *, image_size: int) -> jax.ShapeDtypeStruct:
    """Shape of a batch of one normalised face, in as many channels as `model` takes."""
    return jax.ShapeDtypeStruct((1, image_size, image_size, model.input_channels), jnp.float32)
