"""What a model is fed: faces as `preprocess` gives them."""

import functools
from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from gimefive_jax import kept_programs

_CHANNELS = 3


def logits_fn(model: nn.Module) -> Callable[[PyTree, Array], Array]:
    """Gives the logits of `model` in evaluation mode as a function of variables and input."""
    logits: Callable[..., Array] = functools.partial(model.apply, train=False)  # type: ignore[assignment]
    return kept_programs.named(logits, model_words(model))


def model_words(model: nn.Module) -> str:
    """Gives words that say the whole of a model; none for a module that is not of this package.

    Its code may change without our knowing.
    """
    kind = type(model)
    is_ours = kind.__module__.partition(".")[0] == __package__.partition(".")[0]
    return f"{kind.__module__} {model!r}" if is_ours else ""


def input_channels(model: nn.Module) -> int:
    """Returns how many equal grey channels `model` takes: its `input_channels`, 3 without one."""
    return int(getattr(model, "input_channels", _CHANNELS))


def blank_face(model: nn.Module, *, image_size: int) -> jax.ShapeDtypeStruct:
    """Returns the shape of a batch of one normalised face, in as many channels as `model` takes."""
    return jax.ShapeDtypeStruct((1, image_size, image_size, input_channels(model)), jnp.float32)
