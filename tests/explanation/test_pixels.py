import jax
import jax.numpy as jnp
import numpy as np
from scipy.ndimage import gaussian_filter

from gimefive_jax import preprocess
from gimefive_jax.explanation import PixelScale, blurred
from tests.relative import relative_difference
from tests.tolerances import RELATIVE


def test_ours_is_what_the_network_is_fed_for_black_and_white():
    for channels in (1, 3):
        scale = preprocess.pixel_scale(channels)
        faces = np.array([0, 255], np.uint8).reshape(2, 1, 1, 1)
        x = preprocess.to_input(faces, channels=channels)
        np.testing.assert_allclose(scale.to_unit(x)[:, 0, 0], [[0] * channels, [1] * channels])
        np.testing.assert_allclose(scale.to_input(jnp.array([0.0]))[:channels], x[0, 0, 0])
        assert hash(scale) == hash(preprocess.pixel_scale(channels))


def test_it_can_be_told_while_a_program_is_traced():
    wanted = preprocess.pixel_scale(3)
    assert jax.jit(lambda: jnp.asarray(preprocess.pixel_scale(3).black))().tolist() == list(
        wanted.black
    )


def test_to_input_and_to_unit_undo_each_other():
    scale = PixelScale(black=(-2.0, -1.0), white=(3.0, 1.0))
    x = jax.random.normal(jax.random.key(0), (2, 3, 4, 2))
    assert relative_difference(scale.to_input(scale.to_unit(x)), x) < RELATIVE


def test_blur_is_that_of_scipy():
    x = jax.random.uniform(jax.random.key(0), (2, 20, 16, 3))
    found = blurred(x, sigma=0.1)
    for one, image in zip(found, x, strict=True):
        wanted = gaussian_filter(np.asarray(image), (2.0, 1.6, 0), mode="nearest")
        assert relative_difference(one, wanted) < RELATIVE
