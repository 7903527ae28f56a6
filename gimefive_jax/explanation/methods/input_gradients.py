"""Maps of pixels from gradients at many inputs: integrated gradients and SmoothGrad."""

import dataclasses
from typing import ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from gimefive_jax.explanation.forwards import Forward
from gimefive_jax.explanation.pixels import PixelScale, blurred

Faces = Float[Array, "batch height width channel"]
Map = Float[Array, "batch height width"]


@dataclasses.dataclass(frozen=True)
class IntegratedGradients:
    """Integrated gradients: what each pixel adds on the straight way from a baseline to the face.

    The map sums to the score less the score of the baseline, but for the error of the steps. Its
    `completeness_gap` is that error. One forward and one backward pass for each step.

    Args:
      steps: Points on the way at which the gradient is taken, each in the middle of its part.
      baseline: `black`, or the face itself `blurred` (`pixels.BLUR_SIGMA`).

    References:
      Sundararajan et al., 2017, https://arxiv.org/abs/1703.01365
    """

    steps: int = 64
    baseline: Literal["black", "blurred"] = "black"
    at_input: ClassVar[bool] = True
    tries_copies: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """Name of the maps."""
        words = [
            "integrated_gradients",
            "blurred" * (self.baseline == "blurred"),
            f"{self.steps}steps" * (self.steps != 64),
        ]
        return "_".join(filter(None, words))

    def __call__(
        self, activation: Array, gradient: Array, x: Faces, forward: Forward, pixels: PixelScale
    ) -> Map:
        """Computes signed maps, summed over the channels of a pixel.

        Args:
          activation: Not used.
          gradient: Not used.
          x: The network's input.
          forward: Scores of changed faces.
          pixels: What black is.

        Returns:
          Maps in units of the score, `[batch, height, width]`.
        """
        start = self._start(x, pixels)

        def on_the_way(numbers: Int[np.ndarray, "_"], start: Array, x: Array) -> Array:
            share = jnp.asarray((numbers + 0.5) / self.steps, x.dtype)
            return start + share[:, None, None, None, None] * (x - start)

        slope = forward.sum_of_slopes(self.steps, on_the_way, start, x) / self.steps
        return ((x - start) * slope).sum(-1)

    def wanted_sum(
        self, score: Float[Array, " batch"], x: Faces, forward: Forward, pixels: PixelScale
    ) -> Float[Array, " batch"]:
        """Gives what the map would sum to with endless steps.

        Args:
          score: Of the faces.
          x: The network's input.
          forward: Scores of changed faces.
          pixels: What black is.

        Returns:
          The score less that of the baseline, `[batch]`.
        """
        return score - forward(self._start(x, pixels))

    def _start(self, x: Faces, pixels: PixelScale) -> Faces:
        if self.baseline == "blurred":
            return blurred(x)
        return jnp.broadcast_to(jnp.asarray(pixels.to_input(np.zeros(1, np.float32))), x.shape)


@dataclasses.dataclass(frozen=True)
class SmoothGrad:
    """SmoothGrad: how much the score hangs on the brightness of each pixel, over noisy copies.

    The derivative of the score in a pixel's brightness, averaged over copies of the face with
    noise, without its sign: brighter and darker count the same. The noise is the same for every
    face. One forward and one backward pass for each copy.

    Args:
      samples: Noisy copies.
      sigma: Standard deviation of the noise, where 0 is black and 1 is white.
      seed: Of the noise.

    References:
      Smilkov et al., 2017, https://arxiv.org/abs/1706.03825
    """

    samples: int = 25
    sigma: float = 0.15
    seed: int = 0
    at_input: ClassVar[bool] = True
    tries_copies: ClassVar[bool] = True
    name: ClassVar[str] = "smoothgrad"

    def __call__(
        self, activation: Array, gradient: Array, x: Faces, forward: Forward, pixels: PixelScale
    ) -> Map:
        """Computes maps that are nowhere negative.

        Args:
          activation: Not used.
          gradient: Not used.
          x: The network's input.
          forward: Scores of changed faces.
          pixels: What black and white are.

        Returns:
          Maps in units of the score for a step from black to white, `[batch, height, width]`.
        """
        # One draw for all channels of a pixel, so that grey stays grey.
        size = (self.samples, 1, *x.shape[1:3], 1)
        noise = self.sigma * jax.random.normal(jax.random.key(self.seed), size, x.dtype)

        def noisy(numbers: Int[np.ndarray, "_"], x: Array) -> Array:
            return x + noise[numbers[0] : numbers[-1] + 1] * pixels.range

        slope = forward.sum_of_slopes(self.samples, noisy, x) / self.samples
        return jnp.abs((slope * pixels.range).sum(-1))
