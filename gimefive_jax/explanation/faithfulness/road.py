"""ROAD: remove and debias. Removed pixels are imputed, so that the mask itself tells nothing."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from gimefive_jax.explanation.faithfulness.curves import Probability, first_pixels
from gimefive_jax.explanation.faithfulness.imputation import impute
from gimefive_jax.structs import AnyArray, PixelScale

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Of the pixels that are removed, each time from the whole face."""
NOISE = 0.01
"""Standard deviation of what is added to imputed pixels, which lie in [0, 1]."""
# The noise is drawn from this number and the face's.
_SEED = 7


@dataclasses.dataclass(frozen=True)
class Road:
    """The most relevant pixels are imputed (MoRF), and the least relevant ones (LeRF).

    Where the probability falls only in the first case, the map has found what counts.

    Args:
      shares: Shares of the pixels that are removed.
      noise: Standard deviation of the noise on imputed pixels, of a range from 0 to 1; the same for
        every map of a face.

    References:
      Rong et al., 2022, https://arxiv.org/abs/2202.00449
    """

    shares: tuple[float, ...] = SHARES
    noise: float = NOISE
    name: str = "road"

    def __call__(
        self,
        x: Float[AnyArray, "batch height width channel"],
        rank: Int[Array, "batch height width"],
        index: Int[AnyArray, " batch"],
        pixels: PixelScale,
        probability: Probability,
    ) -> dict[str, Array]:
        """Gives the mean of (LeRF - MoRF) / 2, `[batch]`, and both curves, `[batch, share]`."""
        shares = np.array(self.shares)
        last = rank.shape[1] * rank.shape[2] - 1
        gone = jnp.concatenate([first_pixels(rank, shares), first_pixels(last - rank, shares)])
        found = probability(imputed_faces(x, gone, index, pixels=pixels, noise=self.noise))
        most, least = found[: len(shares)], found[len(shares) :]
        return {
            self.name: (least - most).mean(0) / 2,
            f"{self.name}_morf": most.mean(0),
            f"{self.name}_lerf": least.mean(0),
            f"{self.name}_morf_curve": most.T,
            f"{self.name}_lerf_curve": least.T,
        }


def imputed_faces(
    x: Float[AnyArray, "batch height width channel"],
    gone: Bool[AnyArray, "copy batch height width"],
    index: Int[AnyArray, " batch"],
    *,
    pixels: PixelScale,
    noise: float = NOISE,
) -> Float[Array, "copy batch height width channel"]:
    """Gives faces in which noisy linear imputation takes the place of some pixels.

    Args:
      x: The network's input.
      gone: True on the pixels to be replaced; some of each face stay.
      index: Number of each face, which seeds its noise.
      pixels: Black and white; where they say that all channels show one grey, it is imputed once.
      noise: Standard deviation in units of `pixels`.

    Returns:
      Copies of the network's input; pixels that stay are unchanged.
    """
    x, gone = jnp.asarray(x), jnp.asarray(gone)
    unit = pixels.to_unit(x)[..., : 1 if pixels.is_grey else None]
    copies = jnp.broadcast_to(unit, (*gone.shape, unit.shape[-1]))
    flat = copies.reshape(-1, *copies.shape[2:])
    filled = impute(flat, gone.reshape(-1, *gone.shape[2:])).reshape(copies.shape)
    drawn = jax.vmap(lambda i: _noise(i, (len(gone), *unit.shape[1:])))(jnp.asarray(index))
    noisy = pixels.to_input(filled + noise * jnp.moveaxis(drawn, 0, 1))
    return jnp.where(gone[..., None], noisy, x)


def _noise(index: Int[Array, ""], shape: tuple[int, ...]) -> Array:
    return jax.random.normal(jax.random.fold_in(jax.random.key(_SEED), index), shape)
