"""Occlusion: what the score loses where a part of the face is hidden."""

import dataclasses
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from gimefive_jax.errors import InputError
from gimefive_jax.explanation.forwards import Forward
from gimefive_jax.explanation.pixels import PixelScale


@dataclasses.dataclass(frozen=True)
class Occlusion:
    """Occlusion: a square patch is moved over the face, and the score that is lost is noted.

    The map has a cell for each step of the patch; a cell holds the mean loss over all patches that
    cover it. Nothing of the network but its scores is used. One forward pass for each place of the
    patch: 225 for the patch of 8 and the stride of 4 pixels on a face of 64.

    Args:
      patch: Side of the patch in pixels.
      stride: Pixels from one place of the patch to the next.
      fill: Grey of the patch, from 0, black, to 1, white.

    References:
      Zeiler and Fergus, 2014, https://arxiv.org/abs/1311.2901
    """

    patch: int = 8
    stride: int = 4
    fill: float = 0.5
    at_input: ClassVar[bool] = True
    tries_copies: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """Name of the maps."""
        is_usual = (self.patch, self.stride) == (8, 4)
        return "occlusion" if is_usual else f"occlusion_{self.patch}_{self.stride}"

    def __call__(
        self,
        activation: Array,
        gradient: Array,
        x: Float[Array, "batch height width channel"],
        forward: Forward,
        pixels: PixelScale,
    ) -> Float[Array, "batch rows columns"]:
        """Computes signed maps.

        Args:
          activation: Not used.
          gradient: Not used.
          x: The network's input.
          forward: Scores of changed faces.
          pixels: What black and white are.

        Returns:
          Maps in units of the score, with a cell for each `stride` pixels of either side.

        Raises:
          InputError: The places of the patch do not fill the face.
        """
        down, along = (self._covers(side) for side in x.shape[1:3])
        places = [(i, j) for i in range(len(down)) for j in range(len(along))]
        grey = jnp.asarray(pixels.to_input(np.full(1, self.fill, np.float32)))

        def hidden(numbers: Int[np.ndarray, "_"], x: Array) -> Array:
            rows, columns = np.array(places)[numbers].T
            covered = jnp.asarray(down)[rows][:, :, None] & jnp.asarray(along)[columns][:, None]
            return jnp.where(covered[:, None, ..., None], grey, x)

        loss = forward(x) - forward.of_copies(len(places), hidden, x)
        loss = loss.reshape(len(down), len(along), len(x))
        return jnp.einsum(
            "ijb,iy,jx->byx", loss, self._shares(down), self._shares(along), precision="highest"
        )

    def _covers(self, side: int) -> Bool[np.ndarray, "place side"]:
        """Which pixels of a side the patch covers in each of its places."""
        if self.patch % self.stride or side % self.stride or side < self.patch:
            raise InputError(
                f"a patch of {self.patch} pixels moved by {self.stride} does not fill a face of "
                f"{side}; the stride must divide both, as with "
                f"Occlusion(patch={max(1, side // 4)}, stride={max(1, side // 4)})"
            )
        start = np.arange(0, side - self.patch + 1, self.stride)[:, None]
        pixel = np.arange(side)
        return (pixel >= start) & (pixel < start + self.patch)

    def _shares(self, covers: Bool[np.ndarray, "place side"]) -> Float[np.ndarray, "place cell"]:
        """Weight of each place in the mean over the places that cover a cell."""
        cells = covers[:, :: self.stride].astype(np.float32)
        return cells / cells.sum(0)
