"""Logits of a whole split, and the metrics over them."""

from collections.abc import Callable
from typing import cast

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Float, PyTree, UInt8
from tqdm import tqdm

from gimefive_jax import parallel, preprocess
from gimefive_jax.data import Split, evaluation_batches
from gimefive_jax.evaluation.reference import ReferenceEvaluation
from gimefive_jax.structs import AnyArray, Predictions

PredictStep = Callable[[PyTree, UInt8[AnyArray, "batch height width channel"]], Predictions]


def make_predict_step(model: nn.Module, mesh: Mesh, *, flip: bool = False) -> PredictStep:
    """Jitted logits of uint8 faces, rows sharded; every row is independent of its neighbours.

    With `flip` they are logarithms of the probabilities averaged over a face and its mirror image.
    """

    def logits_of(
        variables: PyTree, image: UInt8[AnyArray, "batch height width channel"]
    ) -> Float[Array, "batch emotion"]:
        face = preprocess.to_input(image, channels=model.input_channels)
        return cast(Array, model.apply(variables, face, train=False))

    def step(
        variables: PyTree, image: UInt8[AnyArray, "batch height width channel"]
    ) -> Predictions:
        if not flip:
            return Predictions(logits=logits_of(variables, image))
        # One above the other, so that both views of a face stay on its device.
        views = jnp.stack([image, image[:, :, ::-1]], axis=1)
        logits = logits_of(variables, views.reshape(-1, *image.shape[1:]))
        return Predictions(logits=average_views(logits.reshape(image.shape[0], 2, -1)))

    whole, rows = parallel.replicated(mesh), parallel.rows(mesh)
    return jax.jit(step, in_shardings=(whole, rows), out_shardings=rows)


def average_views(
    logits: Float[AnyArray, "batch view emotion"],
) -> Float[Array, "batch emotion"]:
    """Logarithms of the mean of the views' probabilities; as logits they give that mean again.

    Probabilities and not logits: a mean of logits is a geometric mean, in which one view that is
    sure of a category's absence overrules the other.
    """
    log_probabilities = jax.nn.log_softmax(logits)
    return jax.nn.logsumexp(log_probabilities, axis=1) - jnp.log(logits.shape[1])


def predict_split(
    step: PredictStep,
    variables: PyTree,
    split: Split,
    *,
    batch_size: int,
    mesh: Mesh,
    progress: bool = False,
    reference: ReferenceEvaluation | None = None,
) -> Float[np.ndarray, "face emotion"]:
    """Logits of every face of `split`, once each, in its order; of flipped ones by `reference`."""
    variables = parallel.put_replicated(variables, mesh)
    batch_size = parallel.round_up(batch_size, mesh)
    logits = []
    with tqdm(total=len(split), unit="face", disable=not progress, desc=split.name) as bar:
        for batch in evaluation_batches(split, batch_size):
            image = batch.image
            if reference is not None:
                image = reference.flip(np.asarray(image), split.index[batch.index])
            found = parallel.fetch(step(variables, parallel.put_rows(image, mesh)).logits)
            logits.append(found[batch.mask])
            bar.update(int(batch.mask.sum()))
    return np.concatenate(logits)
