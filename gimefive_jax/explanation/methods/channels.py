"""Class activation maps whose channels are weighted by trying: Ablation-CAM and Score-CAM."""

import dataclasses
import functools
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from gimefive_jax.explanation.forwards import Forward

Grid = Float[Array, "batch rows columns channel"]
Map = Float[Array, "batch rows columns"]

# As in pytorch-grad-cam: a channel that is equal everywhere hides all of the face.
_EPSILON = 1e-8


@dataclasses.dataclass(frozen=True)
class AblationCAM:
    """Ablation-CAM: channels weighted by what the score loses without them.

    Weights are in units of the score; the paper divides them by the score, which is one factor for
    a face, and turns the map round where the score is negative. One pass from the layer to the
    logits for each channel.

    References:
      Desai and Ramaswamy, 2020, https://doi.org/10.1109/WACV45572.2020.9093360
    """

    name: ClassVar[str] = "ablationcam"
    tries_copies: ClassVar[bool] = True

    def __call__(self, activation: Grid, gradient: Grid, forward_from: Forward) -> Map:
        """Computes signed maps.

        Args:
          activation: Output of a layer, `[batch, rows, columns, channel]`.
          gradient: Not used.
          forward_from: Scores from changed activations of the layer.

        Returns:
          Maps, `[batch, rows, columns]`.
        """
        channels = activation.shape[-1]

        def without(numbers: Int[np.ndarray, "_"], activation: Array) -> Array:
            kept = 1 - jax.nn.one_hot(numbers, channels, dtype=activation.dtype)
            return activation * kept[:, None, None, None]

        drop = forward_from(activation) - forward_from.of_copies(channels, without, activation)
        return jnp.einsum("bijk,kb->bij", activation, drop, precision="highest")


@dataclasses.dataclass(frozen=True)
class ScoreCAM:
    """Score-CAM: channels weighted by the score of the face seen through each of them.

    Each channel, enlarged and scaled to 0..1, is multiplied with the network's input; a softmax of
    the scores over the channels gives the weights. One forward pass for each channel.

    Args:
      top: So many channels are tried, of each face those that differ most from cell to cell; None
        tries all.

    References:
      Wang et al., 2020, https://arxiv.org/abs/1910.01279
    """

    top: int | None = None
    tries_copies: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """Name of the maps."""
        return "scorecam" if self.top is None else f"scorecam_top{self.top}"

    def __call__(
        self,
        activation: Grid,
        gradient: Grid,
        x: Float[Array, "batch height width colour"],
        forward: Forward,
    ) -> Map:
        """Computes maps; nowhere negative where activations are not.

        Args:
          activation: Output of a layer, `[batch, rows, columns, channel]`.
          gradient: Not used.
          x: The network's input.
          forward: Scores of changed faces.

        Returns:
          Maps, `[batch, rows, columns]`.
        """
        tried = activation
        if self.top is not None and self.top < activation.shape[-1]:
            _, chosen = jax.lax.top_k(activation.std((1, 2)), self.top)
            tried = jnp.take_along_axis(activation, chosen[:, None, None], axis=-1)

        def through(numbers: Int[np.ndarray, "_"], x: Array, tried: Array) -> Array:
            masks = _enlarged(tried[..., numbers[0] : numbers[-1] + 1], *x.shape[1:3])
            low, high = masks.min((1, 2), keepdims=True), masks.max((1, 2), keepdims=True)
            masks = (masks - low) / (high - low + _EPSILON)
            return jnp.moveaxis(masks, -1, 0)[..., None] * x

        scores = forward.of_copies(tried.shape[-1], through, x, tried)
        weight = jax.nn.softmax(scores, axis=0)
        return jnp.einsum("bijk,kb->bij", tried, weight, precision="highest")


def _enlarged(grid: Grid, height: int, width: int) -> Float[Array, "batch height width channel"]:
    """`grid` between its cells, its corner cells at the corners, as the paper's own code does."""
    rows, columns = _between(grid.shape[1], height), _between(grid.shape[2], width)
    product = functools.partial(jnp.einsum, precision="highest")
    return product("byjk,jx->byxk", product("bijk,iy->byjk", grid, rows), columns)


@functools.cache
def _between(size: int, more: int) -> Float[np.ndarray, "size more"]:
    """Weight of each of `size` cells in each of `more` places from the first to the last cell."""
    places = np.linspace(0, size - 1, more)
    return np.maximum(0, 1 - np.abs(places - np.arange(size)[:, None])).astype(np.float32)
