import numpy as np
import pytest
from PIL import Image

from gimefive_jax.images import Fit, to_pixel_points, to_pixels


@pytest.mark.parametrize("fit", ["squash", "crop"])
@pytest.mark.parametrize("size", [(96, 64), (64, 128), (100, 61)])
def test_a_point_of_an_image_lies_where_its_pixels_go(size: tuple[int, int], fit: Fit):
    width, height = size
    # A bright blob, whose centre of mass is where the resize puts it.
    y, x = np.mgrid[:height, :width] + 0.5
    place = np.array([0.55 * width, 0.45 * height])
    blob = 255 * np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / 50)
    pixels = to_pixels(Image.fromarray(blob.astype(np.uint8)), 48, fit=fit)[..., 0].astype(float)
    rows, columns = np.mgrid[:48, :48] + 0.5
    centre = [(axis * pixels).sum() / pixels.sum() for axis in (columns, rows)]
    found = to_pixel_points(place[None], size, 48, fit=fit)[0]
    np.testing.assert_allclose(found, centre, atol=0.1)
