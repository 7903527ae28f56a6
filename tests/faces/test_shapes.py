import jax.numpy as jnp
import numpy as np
from matplotlib.path import Path
from scipy import ndimage

from gimefive_jax.faces.shapes import (
    distance_from_area,
    distance_from_line,
    is_inside,
    pixel_centres,
)
from tests.tolerances import RELATIVE

_SIDE = 48


def _star() -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 11)[:-1] + 0.1
    radius = np.where(np.arange(10) % 2, 8.3, 20.7)
    return np.stack([24 + radius * np.cos(angle), 23 + radius * np.sin(angle)], -1)[None]


def test_inside_is_what_matplotlib_says():
    star = _star()
    inside = np.asarray(is_inside(jnp.asarray(star), pixel_centres(_SIDE)))
    expected = Path(star[0]).contains_points(np.asarray(pixel_centres(_SIDE)))
    assert inside[0].tolist() == expected.tolist()
    assert 100 < expected.sum() < _SIDE**2


def test_distance_from_a_line_is_that_of_the_nearest_of_many_points_on_it():
    line = np.array([[[5.0, 7.0], [30.0, 9.0], [31.0, 40.0]]])
    share = np.linspace(0, 1, 4001)[:, None]
    dense = np.concatenate(
        [a + share * (b - a) for a, b in zip(line[0], line[0, 1:], strict=False)]
    )
    pixels = np.asarray(pixel_centres(_SIDE))
    nearest = np.array([np.hypot(*(dense - pixel).T).min() for pixel in pixels])
    found = distance_from_line(jnp.asarray(line), jnp.asarray(pixels))[0]
    np.testing.assert_allclose(found, nearest, atol=1e-2)


def test_distance_from_an_area_is_the_distance_transform_outside_and_zero_inside():
    square = jnp.array([[[10.0, 12.0], [30.0, 12.0], [30.0, 36.0], [10.0, 36.0]]])
    found = np.asarray(distance_from_area(square, pixel_centres(_SIDE))).reshape(_SIDE, _SIDE)
    inside = np.zeros((_SIDE, _SIDE), bool)
    inside[12:36, 10:30] = True
    assert (found[inside] == 0).all()
    # From middle to middle the transform is up to half a pixel's diagonal longer.
    gap = ndimage.distance_transform_edt(~inside)[~inside] - found[~inside]
    assert gap.min() >= 0.5 - 1e-4
    assert gap.max() <= np.sqrt(0.5) + 1e-4


def test_points_that_coincide_have_their_distance():
    point = jnp.full((1, 3, 2), 10.5)
    found = np.asarray(distance_from_line(point, pixel_centres(_SIDE)))[0]
    expected = np.hypot(*(np.asarray(pixel_centres(_SIDE)) - 10.5).T)
    np.testing.assert_allclose(found, expected, rtol=RELATIVE)
