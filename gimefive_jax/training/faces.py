"""The faces of a batch as a training step shows them to the network: augmented and mixed."""

import jax
import jax.numpy as jnp
from jaxtyping import Int, PRNGKeyArray

from gimefive_jax import preprocess
from gimefive_jax.config import AugmentationConfig
from gimefive_jax.structs import AnyArray, Batch, ShownFaces

_PURPOSES = ("params", "augmentation", "dropout", "mixing")


def shown_faces(
    batch: Batch, step: Int[AnyArray, ""] | int, *, config: AugmentationConfig, seed: int
) -> ShownFaces:
    """Faces of a global batch as `step` shows them, by draws from (`seed`, `step`, row) alone."""
    grey = preprocess.to_unit(preprocess.to_grey(batch.image))
    keys = {
        purpose: jax.random.fold_in(stream_key(seed, purpose), step)
        for purpose in ("augmentation", "mixing")
    }
    row = jnp.arange(grey.shape[0])
    grey = preprocess.augment(grey, row, key=keys["augmentation"], config=config)
    return preprocess.mix(grey, batch.label, key=keys["mixing"], config=config)


def stream_key(seed: int, purpose: str) -> PRNGKeyArray:
    """Key of one purpose: more draws of one kind never shift another kind's."""
    return jax.random.fold_in(jax.random.key(seed), _PURPOSES.index(purpose))
