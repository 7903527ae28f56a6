"""Class activation maps made of a layer's activations and gradients alone."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Grid = Float[Array, "batch rows columns channel"]
Map = Float[Array, "batch rows columns"]

# What pytorch-grad-cam adds below the line of Grad-CAM++ and of XGrad-CAM. With the first, channels
# whose gradient is far below 1e-3 count less than in the paper; it keeps 0 / 0 from arising.
_PLUS_PLUS_EPSILON = 1e-6
_XGRAD_EPSILON = 1e-7


def hirescam(activation: Grid, gradient: Grid) -> Map:
    """Computes HiResCAM maps: activation times gradient, summed over channels.

    At the post-ReLU output of the last block the map sums to the logit less `bias_effect`.

    Args:
      activation: Output of a layer, `[batch, rows, columns, channel]`.
      gradient: Derivative of the score with respect to it, same shape.

    Returns:
      Signed maps in units of the score, `[batch, rows, columns]`.

    References:
      Draelos and Carin, 2020, https://arxiv.org/abs/2011.08891
    """
    return (activation * gradient).sum(-1)


def gradcam(activation: Grid, gradient: Grid) -> Map:
    """Computes Grad-CAM maps before their ReLU: channels weighted by their mean gradient.

    The published map is the positive part; the sign is kept here and cut where maps are drawn.

    Args:
      activation: Output of a layer, `[batch, rows, columns, channel]`.
      gradient: Derivative of the score with respect to it, same shape.

    Returns:
      Signed maps, `[batch, rows, columns]`.

    References:
      Selvaraju et al., 2017, https://arxiv.org/abs/1610.02391
    """
    weight = gradient.mean((1, 2), keepdims=True)
    return (activation * weight).sum(-1)


def gradcam_plus_plus(activation: Grid, gradient: Grid) -> Map:
    """Computes Grad-CAM++ maps: channels weighted by a weighted sum of their positive gradients.

    The weight of each gradient is the paper's for a score that is an exponential of the logit,
    `g^2 / (2 g^2 + g^3 sum(activation))`, with the small number below the line that
    pytorch-grad-cam has there. On activations that are nowhere negative no cell is negative.

    Args:
      activation: Output of a layer, `[batch, rows, columns, channel]`.
      gradient: Derivative of the score with respect to it, same shape.

    Returns:
      Maps, `[batch, rows, columns]`.

    References:
      Chattopadhay et al., 2018, https://arxiv.org/abs/1710.11063
    """
    square = gradient**2
    total = activation.sum((1, 2), keepdims=True)
    below = 2 * square + total * square * gradient + _PLUS_PLUS_EPSILON
    # Below the line is a sum of both signs where activations are negative.
    share = jnp.where((gradient != 0) & (below != 0), square, 0) / jnp.where(below != 0, below, 1)
    weight = (share * jax.nn.relu(gradient)).sum((1, 2), keepdims=True)
    return (activation * weight).sum(-1)


def layercam(activation: Grid, gradient: Grid) -> Map:
    """Computes LayerCAM maps: activation times the positive part of the gradient.

    It keeps the place, as HiResCAM does, and drops what speaks against the category. Maps of
    several layers can be fused; see `explain_fn`.

    Args:
      activation: Output of a layer, `[batch, rows, columns, channel]`.
      gradient: Derivative of the score with respect to it, same shape.

    Returns:
      Maps, `[batch, rows, columns]`; nowhere negative where activations are not.

    References:
      Jiang et al., 2021, https://doi.org/10.1109/TIP.2021.3089943
    """
    return (activation * jax.nn.relu(gradient)).sum(-1)


def xgradcam(activation: Grid, gradient: Grid) -> Map:
    """Computes XGrad-CAM maps: channels weighted by their mean gradient, weighted by activation.

    The map has the sum of the HiResCAM map, but every channel is painted where it is active,
    whether the score depends on it there or not.

    Args:
      activation: Output of a layer, `[batch, rows, columns, channel]`.
      gradient: Derivative of the score with respect to it, same shape.

    Returns:
      Signed maps, `[batch, rows, columns]`.

    References:
      Fu et al., 2020, https://arxiv.org/abs/2008.02312
    """
    below = activation.sum((1, 2), keepdims=True) + _XGRAD_EPSILON
    above = (activation * gradient).sum((1, 2), keepdims=True)
    weight = jnp.where(below == 0, 0, above) / jnp.where(below == 0, 1, below)
    return (activation * weight).sum(-1)
