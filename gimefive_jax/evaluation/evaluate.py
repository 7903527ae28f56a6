"""Logits of faces, from one view or averaged over a face and its mirror image."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from gimefive_jax import kept_programs
from gimefive_jax.inference import FaceFunction, Faces, mirror, on_pixels
from gimefive_jax.models import input_channels, logits_fn
from gimefive_jax.structs import AnyArray, Predictions


def predict_fn(model: nn.Module, *, flip: bool = False) -> FaceFunction[Predictions]:
    """Gives the predictions of `model` as a pure function of variables and uint8 faces.

    Every row is independent of its neighbours.

    Args:
      model: One of `models`, whose call takes `train`.
      flip: Whether logits are logarithms of the probabilities averaged over a face and its mirror
        image.

    Returns:
      `(variables, faces) -> Predictions`, not jitted, with faces `[batch, height, width, channel]`;
      `inference.Driver` runs it over any number of them.
    """
    of_pixels = on_pixels(logits_fn(model), channels=input_channels(model))

    def predict(variables: PyTree, faces: Faces) -> Predictions:
        if not flip:
            return Predictions(logits=of_pixels(variables, faces))
        # One above the other, so that both views of a face stay on its device.
        views = jnp.stack([faces, mirror(faces)], axis=1)
        logits = of_pixels(variables, views.reshape(-1, *faces.shape[1:]))
        return Predictions(logits=average_views(logits.reshape(faces.shape[0], 2, -1)))

    return kept_programs.named(predict, "predict", kept_programs.name_of(of_pixels), flip)


def average_views(
    logits: Float[AnyArray, "batch view emotion"],
) -> Float[Array, "batch emotion"]:
    """Gives logarithms of the mean of the views' probabilities; softmax gives that mean again.

    Probabilities and not logits: a mean of logits is a geometric mean, in which one view that is
    sure of a category's absence overrules the other.

    Args:
      logits: Of every view of each face.

    Returns:
      Natural logarithms of probabilities, one row per face.
    """
    log_probabilities = jax.nn.log_softmax(logits)
    return jax.nn.logsumexp(log_probabilities, axis=1) - jnp.log(logits.shape[1])
