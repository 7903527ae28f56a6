"""Deletion and insertion: the probability while pixels go or come in the order of a map."""

import dataclasses
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from gimefive_jax.explanation.pixels import BLUR_SIGMA, blurred
from gimefive_jax.structs import AnyArray

STEPS = 17
"""Equal shares of the pixels that go or come one after the other."""
Probability = Callable[[Array], Array]


@dataclasses.dataclass(frozen=True)
class Deletion:
    """The most relevant pixels take the values of the data's mean face, step by step.

    Args:
      steps: Equal shares of the pixels.

    References:
      Petsiuk, Das and Saenko, 2018, https://arxiv.org/abs/1806.07421
    """

    steps: int = STEPS
    name: str = "deletion"

    def __call__(
        self,
        x: Float[AnyArray, "batch height width channel"],
        rank: Int[Array, "batch height width"],
        probability: Probability,
        unchanged: Float[Array, " batch"],
        mean_face: Float[Array, "height width channel"],
    ) -> dict[str, Array]:
        """Gives the area under the curve, `[batch]`, and the curve, `[batch, steps + 1]`."""
        absent = jnp.broadcast_to(mean_face, x.shape)
        return _removed(self.name, self.steps, x, absent, rank, probability, unchanged)


@dataclasses.dataclass(frozen=True)
class BlurringDeletion:
    """The most relevant pixels take the values of the blurred face, step by step.

    Args:
      steps: Equal shares of the pixels.
      sigma: Standard deviation of the blur as a share of the side.
    """

    steps: int = STEPS
    sigma: float = BLUR_SIGMA
    name: str = "deletion_blurred"

    def __call__(
        self,
        x: Float[AnyArray, "batch height width channel"],
        rank: Int[Array, "batch height width"],
        probability: Probability,
        unchanged: Float[Array, " batch"],
    ) -> dict[str, Array]:
        """Gives the area under the curve, `[batch]`, and the curve, `[batch, steps + 1]`."""
        absent = blurred(jnp.asarray(x), sigma=self.sigma)
        return _removed(self.name, self.steps, x, absent, rank, probability, unchanged)


@dataclasses.dataclass(frozen=True)
class Insertion:
    """The most relevant pixels of the face come back onto its blurred image, step by step.

    Args:
      steps: Equal shares of the pixels.
      sigma: Standard deviation of the blur as a share of the side.

    References:
      Petsiuk, Das and Saenko, 2018, https://arxiv.org/abs/1806.07421
    """

    steps: int = STEPS
    sigma: float = BLUR_SIGMA
    name: str = "insertion"

    def __call__(
        self,
        x: Float[AnyArray, "batch height width channel"],
        rank: Int[Array, "batch height width"],
        probability: Probability,
        unchanged: Float[Array, " batch"],
    ) -> dict[str, Array]:
        """Gives the area under the curve, `[batch]`, and the curve, `[batch, steps + 1]`."""
        absent = blurred(jnp.asarray(x), sigma=self.sigma)
        shown = first_pixels(rank, np.arange(self.steps) / self.steps)
        found = probability(jnp.where(shown[..., None], x, absent))
        return _with_area(self.name, jnp.concatenate([found, unchanged[None]]))


def first_pixels(
    rank: Int[Array, "batch height width"], shares: Float[np.ndarray, " copy"]
) -> Array:
    """Tells which pixels are the first ones of the order, for each of several shares of all.

    Args:
      rank: Number of each pixel in the order, 0 first.
      shares: From 0 to 1; their numbers of pixels are rounded.

    Returns:
      True for the first pixels, `[copy, batch, height, width]`.
    """
    count = np.rint(shares * rank.shape[1] * rank.shape[2]).astype(np.int32)
    return rank[None] < count[:, None, None, None]


def _removed(
    name: str,
    steps: int,
    x: Float[AnyArray, "batch height width channel"],
    absent: Float[Array, "batch height width channel"],
    rank: Int[Array, "batch height width"],
    probability: Probability,
    unchanged: Float[Array, " batch"],
) -> dict[str, Array]:
    gone = first_pixels(rank, np.arange(1, steps + 1) / steps)
    found = probability(jnp.where(gone[..., None], absent, x))
    return _with_area(name, jnp.concatenate([unchanged[None], found]))


def _with_area(name: str, curve: Float[Array, "point batch"]) -> dict[str, Array]:
    """Names the curve and the area under it by the rule of trapezoids; its ends lie at 0 and 1."""
    return {name: ((curve[1:] + curve[:-1]) / 2).mean(0), f"{name}_curve": curve.T}
