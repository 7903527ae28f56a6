import numpy as np
import pytest
from PIL import Image

from gimefive_jax.errors import InputError
from gimefive_jax.images import Box


def test_corners_and_back():
    box = Box(left=3, top=4, width=10, height=20)
    assert box.corners == (3, 4, 13, 24)
    assert Box.from_corners(*box.corners) == box


def test_what_is_cut_is_what_lies_inside():
    pixels = np.arange(200, dtype=np.uint8).reshape(10, 20)
    found = Box(left=3, top=2, width=5, height=4).cut(Image.fromarray(pixels))
    np.testing.assert_array_equal(np.asarray(found), pixels[2:6, 3:8])


@pytest.mark.parametrize("box", [Box(-1, 0, 5, 5), Box(0, 8, 5, 5), Box(0, 0, 0, 5)])
def test_a_box_beside_the_image_is_refused(box: Box):
    with pytest.raises(InputError, match=r"a\.png, which is 20 x 10 pixels"):
        box.cut(Image.new("L", (20, 10)), name="a.png")


def test_a_box_is_clipped_to_its_image():
    assert Box(-2, 3, 10, 30).inside((20, 10)) == Box(0, 3, 8, 7)
    assert Box(25, 3, 10, 3).inside((20, 10)).width < 1
