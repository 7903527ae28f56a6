"""What the paper's reference does when it evaluates; only with `config.reference`."""

import dataclasses

import numpy as np
from jaxtyping import Float, Int, UInt8

from gimefive_jax.config import ExperimentConfig
from gimefive_jax.errors import InputError
from gimefive_jax.inference import View, mirror

# Beside the seed: the orders of the training faces are drawn from (seed, epoch).
_STREAM = 2**31


@dataclasses.dataclass(frozen=True)
class ReferenceEvaluation:
    """Faces flipped at random, and a loss that is the mean of batch means."""

    seed: int
    batch_size: int
    """Faces per batch of the loss, in the split's order; not the faces per step."""

    def flip(
        self,
        images: UInt8[np.ndarray, "batch height width channel"],
        index: Int[np.ndarray, " batch"],
    ) -> UInt8[np.ndarray, "batch height width channel"]:
        """Faces mirrored with probability one half, each by the draw of its row in the split."""
        # A row's draw is its place in one stream, so neither batches nor devices matter.
        draws = np.random.Generator(np.random.PCG64([self.seed, _STREAM])).random(index.max() + 1)
        mirrored = draws[index] < 0.5
        return np.where(mirrored[:, None, None, None], mirror(images), images)

    @property
    def view(self) -> View:
        """`flip` as a view of a face."""
        return View(self.flip, on_host=True)

    def weights(self, count: int) -> Float[np.ndarray, " {count}"]:
        """Factors of the losses of `count` faces that turn their mean into the mean of means."""
        batch = np.arange(count) // self.batch_size
        sizes = np.bincount(batch)
        return count / (len(sizes) * sizes[batch])


def reference_evaluation(config: ExperimentConfig) -> ReferenceEvaluation | None:
    """The reference's evaluation where `config` asks for it, with its batches of training."""
    if not config.reference:
        return None
    if config.evaluation.flip:
        raise InputError(
            "reference evaluates one view of a face, mirrored at random; it cannot go with "
            "evaluation.flip (--flip)"
        )
    return ReferenceEvaluation(seed=config.seed, batch_size=config.training.batch_size)
