"""What is left of the probability where the face shows through its map: drop, increase, ADCC."""

from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float

from gimefive_jax.explanation.faithfulness.mass import as_mass


def average_drop(
    unchanged: Float[Array, " batch"], masked_probability: Float[Array, " batch"]
) -> Float[Array, " batch"]:
    """Computes which share of the probability is lost; its mean over faces is the average drop.

    Args:
      unchanged: Probability of the target on the face.
      masked_probability: The same on the face times its map over the map's maximum.

    Returns:
      From 0 to 1, `[batch]`.

    References:
      Chattopadhay et al., 2018, https://arxiv.org/abs/1710.11063
    """
    lost = jnp.maximum(unchanged - masked_probability, 0)
    return jnp.where(unchanged > 0, lost / jnp.where(unchanged > 0, unchanged, 1), 0)


def increase(
    unchanged: Float[Array, " batch"], masked_probability: Float[Array, " batch"]
) -> Float[Array, " batch"]:
    """Tells whether the masked face is more certain; the mean over faces is the increase.

    Args:
      unchanged: Probability of the target on the face.
      masked_probability: The same on the face times its map over the map's maximum.

    Returns:
      1 or 0, `[batch]`.

    References:
      Chattopadhay et al., 2018, https://arxiv.org/abs/1710.11063
    """
    return (masked_probability > unchanged).astype(jnp.float32)


def adcc(
    mass: Float[Array, "batch rows columns"],
    masked: Float[Array, "batch height width channel"],
    unchanged: Float[Array, " batch"],
    masked_probability: Float[Array, " batch"],
    explain: Callable[[Array], Array],
) -> dict[str, Array]:
    """Computes the harmonic mean of coherency, 1 - complexity and 1 - average drop.

    Coherency is the correlation of the map with the map of the masked face, from 0 (opposite) over
    .5 (none, or a flat map) to 1 (equal). Complexity is the mean of the map over its maximum.

    Args:
      mass: Maps without negative cells, each with sum 1.
      masked: The face times its map over the map's maximum.
      unchanged: Probability of the target on the face.
      masked_probability: The same on the masked face.
      explain: Gives maps of changed faces by the method under test.

    Returns:
      `adcc`, `coherency` and `complexity`, each from 0 to 1, `[batch]`.

    References:
      Poppi et al., 2021, https://arxiv.org/abs/2104.10252
    """
    coherency = (_correlation(mass, jnp.asarray(as_mass(explain(masked)))) + 1) / 2
    complexity = over_maximum(mass).mean((1, 2))
    terms = jnp.stack([coherency, 1 - complexity, 1 - average_drop(unchanged, masked_probability)])
    # Three over the sum of the reciprocals; 0 where one of the three is 0.
    pairs = terms[0] * terms[1] + terms[1] * terms[2] + terms[2] * terms[0]
    mean = jnp.where(pairs > 0, 3 * terms.prod(0) / jnp.where(pairs > 0, pairs, 1), 0)
    return {"adcc": mean, "coherency": coherency, "complexity": complexity}


def over_maximum(mass: Float[Array, "batch rows columns"]) -> Float[Array, "batch rows columns"]:
    """Gives maps without negative cells over the maximum of each; none is zero throughout.

    Args:
      mass: Maps as `as_mass` gives them.

    Returns:
      From 0 to 1, same shape.
    """
    return mass / mass.max((1, 2), keepdims=True)


def _correlation(
    one: Float[Array, "batch rows columns"], other: Float[Array, "batch rows columns"]
) -> Float[Array, " batch"]:
    """Pearson's; 0 where either is flat."""
    one, other = (m / m.max((1, 2), keepdims=True) for m in (one, other))
    one, other = (m - m.mean((1, 2), keepdims=True) for m in (one, other))
    sizes = jnp.sqrt((one**2).sum((1, 2)) * (other**2).sum((1, 2)))
    found = (one * other).sum((1, 2)) / jnp.where(sizes > 0, sizes, 1)
    # Rounding leaves a flat map a little away from its mean.
    return jnp.where(sizes > 1e-9, jnp.clip(found, -1, 1), 0)
