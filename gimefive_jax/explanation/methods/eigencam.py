"""Eigen-CAM: where the activations of a layer differ most, whatever the category."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def eigencam(
    activation: Float[Array, "batch rows columns channel"],
    gradient: Float[Array, "batch rows columns channel"],
) -> Float[Array, "batch rows columns"]:
    """Computes Eigen-CAM maps: each cell's activations along their first principal component.

    The map is the same for every category: it tells where the network sees something, not what
    speaks for the category. A component has no sign of its own; here it is the one with which the
    map rises with the sum of the activations over the channels.

    Args:
      activation: Output of a layer, `[batch, rows, columns, channel]`.
      gradient: Not used.

    Returns:
      Signed maps with mean 0, in units of the activations, `[batch, rows, columns]`.

    References:
      Muhammad and Yeasin, 2020, https://arxiv.org/abs/2008.00299
    """
    batch, rows, columns, channels = activation.shape
    cells = activation.reshape(batch, rows * columns, channels)
    centred = cells - cells.mean(1, keepdims=True)
    product = "bik,bjk->bij" if rows * columns <= channels else "bki,bkj->bij"
    # The smaller of the two matrices has the same first component. Eigenvalues ascend.
    gram = jnp.einsum(product, centred, centred, precision="highest")
    values, vectors = jnp.linalg.eigh(gram)
    if rows * columns <= channels:
        length = jnp.sqrt(jnp.maximum(values[:, -1:], 0))
        projected = vectors[..., -1] * length
    else:
        projected = jnp.einsum("bik,bk->bi", centred, vectors[..., -1], precision="highest")
    rises = (projected * centred.sum(-1)).sum(-1, keepdims=True)
    return (jnp.where(rises < 0, -1, 1) * projected).reshape(batch, rows, columns)
