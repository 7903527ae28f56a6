"""Eigen-CAM: where the activations of a layer differ most, whatever the category."""

import jax.numpy as jnp
from jaxtyping import Array, Float

# A second eigenvalue at 0.999 of the first one has 1e-7 of its share left after so many squarings.
_SQUARINGS = 14
# Against what rounding has left in the squares.
_REFINEMENTS = 2


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
    # The smaller of the two matrices has the same first component.
    gram = jnp.einsum(product, centred, centred, precision="highest")
    component, variance = _first_component(gram)
    if rows * columns <= channels:
        projected = component * jnp.sqrt(variance)[:, None]
    else:
        projected = jnp.einsum("bik,bk->bi", centred, component, precision="highest")
    rises = (projected * centred.sum(-1)).sum(-1, keepdims=True)
    return (jnp.where(rises < 0, -1, 1) * projected).reshape(batch, rows, columns)


def _first_component(
    gram: Float[Array, "batch n n"],
) -> tuple[Float[Array, "batch n"], Float[Array, " batch"]]:
    """First eigenvector of symmetric matrices without negative eigenvalues, and its eigenvalue.

    By products alone. A batched `jnp.linalg.eigh` waits on CPU for threads of the pool that it runs
    on: two of them at once never end on a machine of two cores.
    """
    tiny = jnp.finfo(gram.dtype).tiny
    power = gram
    for _ in range(_SQUARINGS):
        power = power / jnp.maximum(jnp.trace(power, axis1=1, axis2=2), tiny)[:, None, None]
        power = jnp.einsum("bik,bkj->bij", power, power, precision="highest")
    # All columns are multiples of the eigenvector by now; the largest is the most exact.
    largest = jnp.diagonal(power, axis1=1, axis2=2).argmax(1)
    vector = jnp.take_along_axis(power, largest[:, None, None], axis=2)[..., 0]
    variance = jnp.zeros(len(gram), gram.dtype)
    for _ in range(_REFINEMENTS):
        vector = vector / jnp.maximum(jnp.linalg.norm(vector, axis=1, keepdims=True), tiny)
        product = jnp.einsum("bij,bj->bi", gram, vector, precision="highest")
        vector, variance = product, (vector * product).sum(1)
    length = jnp.maximum(jnp.linalg.norm(vector, axis=1, keepdims=True), tiny)
    return vector / length, jnp.maximum(variance, 0)
