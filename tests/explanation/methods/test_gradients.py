"""Closed forms of the class activation maps that need activations and gradients alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gimefive_jax.explanation import (
    gradcam,
    gradcam_plus_plus,
    hirescam,
    layercam,
    xgradcam,
)
from tests.relative import relative_difference
from tests.tolerances import RELATIVE

SHAPE = (3, 4, 5, 7)
ACTIVATION = jax.nn.relu(jax.random.normal(jax.random.key(0), SHAPE))
GRADIENT = jax.random.normal(jax.random.key(1), SHAPE)
# One and the same gradient in all cells of a channel, as at a layer before a mean over space.
CONSTANT = jnp.broadcast_to(GRADIENT[:, :1, :1], SHAPE)


@pytest.mark.parametrize("method", [gradcam, xgradcam])
def test_where_gradients_are_constant_over_space_they_are_hirescam(method):
    wanted = hirescam(ACTIVATION, CONSTANT)
    assert relative_difference(method(ACTIVATION, CONSTANT), wanted) < RELATIVE


def test_xgradcam_keeps_the_sum_of_hirescam():
    found, wanted = (one(ACTIVATION, GRADIENT).sum((1, 2)) for one in (xgradcam, hirescam))
    assert relative_difference(found, wanted) < RELATIVE


def test_layercam_is_hirescam_without_what_speaks_against():
    assert (layercam(ACTIVATION, GRADIENT) >= hirescam(ACTIVATION, GRADIENT) - 1e-5).all()
    positive = jnp.abs(GRADIENT)
    found, wanted = layercam(ACTIVATION, positive), hirescam(ACTIVATION, positive)
    np.testing.assert_array_equal(found, wanted)
    assert (layercam(ACTIVATION, -positive) == 0).all()


def test_the_weights_of_gradcam_plus_plus_are_those_of_its_paper():
    # Far from where the small number below the line counts.
    gradient = 10 * GRADIENT
    total = np.asarray(ACTIVATION).sum((1, 2), keepdims=True)
    alpha = np.where(gradient > 0, 1 / (2 + total * np.maximum(gradient, 0)), 0)
    weight = (alpha * np.maximum(gradient, 0)).sum((1, 2), keepdims=True)
    wanted = (weight * ACTIVATION).sum(-1)
    assert relative_difference(gradcam_plus_plus(ACTIVATION, gradient), wanted) < RELATIVE
    assert (gradcam_plus_plus(ACTIVATION, GRADIENT) >= 0).all()


@pytest.mark.parametrize("method", [gradcam, hirescam, layercam, xgradcam, gradcam_plus_plus])
def test_dead_layers_give_zeros(method):
    zeros = jnp.zeros(SHAPE)
    for pair in ((zeros, zeros), (zeros, GRADIENT), (ACTIVATION, zeros)):
        assert (method(*pair) == 0).all()


def test_activations_that_sum_to_the_negative_small_number_give_no_infinite_map():
    activation = jnp.zeros((1, 1, 2, 1)).at[0, 0, 0, 0].set(-1e-7)
    assert jnp.isfinite(xgradcam(activation, jnp.ones_like(activation))).all()
