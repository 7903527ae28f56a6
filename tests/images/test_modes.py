"""Transparency lies on mid grey; 16-bit pictures that are nearly black are named."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from gimefive_jax import images

_GENERATOR = np.random.default_rng(0)
_COLOURS = _GENERATOR.integers(0, 256, (16, 16, 3), np.uint8)


def _through_a_file(image: Image.Image, kind: str = "PNG", **options: object) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return images.decode(buffer.getvalue())


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "RGBa", "La"])
def test_what_hides_under_full_transparency_is_mid_grey(mode: str):
    image = Image.fromarray(_COLOURS).convert("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    if mode == "PA":
        image = Image.merge("PA", [image.convert("L"), image.getchannel("A")])
        image.putpalette(list(range(256)) * 3)
    elif mode in ("LA", "La"):
        image = image.convert("LA").convert(mode)
    else:
        image = image.convert(mode)
    assert np.unique(np.asarray(images.grey_or_rgb(image))).tolist() == [128]


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_opaque_pixels_stay_to_the_bit(mode: str):
    image = Image.fromarray(_COLOURS).convert("L" if mode == "LA" else "RGB")
    wanted = np.asarray(image)
    opaque = image.convert(mode)
    np.testing.assert_array_equal(np.asarray(images.grey_or_rgb(opaque)), wanted)
    # Also beside transparent ones.
    hole = np.full((16, 16), 255, np.uint8)
    hole[:4] = 0
    opaque.putalpha(Image.fromarray(hole))
    found = np.asarray(images.grey_or_rgb(opaque))
    np.testing.assert_array_equal(found[4:], wanted[4:])
    assert np.unique(found[:4]).tolist() == [128]


def test_half_transparent_is_half_grey():
    image = Image.new("RGBA", (2, 2), (255, 0, 128, 128))
    [red, green, blue] = np.asarray(images.grey_or_rgb(image))[0, 0].tolist()
    assert (red, green, blue) == pytest.approx((192, 64, 128), abs=1)


def test_a_colour_of_the_palette_may_be_transparent():
    image = Image.fromarray(np.array([[0, 1]], np.uint8), mode="P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    found = _through_a_file(image, transparency=1)
    assert np.asarray(found).tolist() == [[[10, 20, 30], [128, 128, 128]]]


def test_a_grey_of_a_grey_image_may_be_transparent():
    found = _through_a_file(Image.fromarray(np.array([[7, 9]], np.uint8)), transparency=9)
    assert np.asarray(found).tolist() == [[7, 128]]


def test_few_of_sixteen_bits_are_named_with_the_mend():
    dark = Image.fromarray(np.array([[0, 1023]], np.uint16))
    with pytest.warns(UserWarning, match="dark.png") as said:
        found = images.grey_or_rgb(dark, name="dark.png")
    assert "1023" in str(said[0].message)
    assert "multiply" in str(said[0].message)
    # The values are the file's all the same.
    assert np.asarray(found).tolist() == [[0, 3]]


@pytest.mark.parametrize("peak", [0, 4096, 65535])
def test_black_and_well_lit_ones_are_not(peak: int):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        images.grey_or_rgb(Image.fromarray(np.array([[0, peak]], np.uint16)))
