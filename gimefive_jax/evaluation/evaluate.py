"""Logits of a whole split, and the metrics over them."""

from collections.abc import Callable
from typing import cast

import flax.linen as nn
import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Float, PyTree, UInt8
from tqdm import tqdm

from gimefive_jax import parallel, preprocess
from gimefive_jax.data import Split, evaluation_batches
from gimefive_jax.evaluation.reference import ReferenceEvaluation
from gimefive_jax.structs import AnyArray, Predictions

PredictStep = Callable[[PyTree, UInt8[AnyArray, "batch height width channel"]], Predictions]


def make_predict_step(model: nn.Module, mesh: Mesh) -> PredictStep:
    """Jitted logits of uint8 faces, rows sharded; every row is independent of its neighbours."""

    def step(
        variables: PyTree, image: UInt8[AnyArray, "batch height width channel"]
    ) -> Predictions:
        face = preprocess.to_input(image, channels=model.input_channels)
        return Predictions(logits=cast(Array, model.apply(variables, face, train=False)))

    whole, rows = parallel.replicated(mesh), parallel.rows(mesh)
    return jax.jit(step, in_shardings=(whole, rows), out_shardings=rows)


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
