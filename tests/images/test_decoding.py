import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from gimefive_jax import images
from gimefive_jax.errors import InputError


def _bytes(image: Image.Image, file_format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=file_format, **options)
    return buffer.getvalue()


@pytest.fixture
def colours() -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
    return Image.fromarray(noise)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I", "I;16", "YCbCr"])
def test_every_mode_becomes_grey_or_colour(colours: Image.Image, mode: str):
    file_format = "TIFF" if mode in ("CMYK", "YCbCr", "I") else "PNG"
    image = colours.convert("L").convert(mode) if mode == "I;16" else colours.convert(mode)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image) * np.uint16(257))
    decoded = images.decode(_bytes(image, file_format))
    assert decoded.mode == ("L" if mode in ("1", "L", "LA", "I", "I;16") else "RGB")
    assert images.to_pixels(decoded, 64).shape == (64, 64, len(decoded.mode))


def test_sixteen_bits_keep_their_upper_eight():
    values = np.array([[0, 257, 65535]], np.uint16)
    decoded = images.decode(_bytes(Image.fromarray(values)))
    assert np.asarray(decoded).tolist() == [[0, 1, 255]]


@pytest.mark.parametrize("orientation", range(10))
def test_a_sideways_photo_is_turned_upright_as_pil_does(colours: Image.Image, orientation: int):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = _bytes(colours, exif=exif)
    with Image.open(io.BytesIO(data)) as image:
        wanted = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(np.asarray(images.decode(data)), wanted)


def test_resize_is_pils_to_the_bit(colours: Image.Image):
    wanted = np.asarray(colours.resize((64, 64), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(images.to_pixels(colours, 64), wanted)


def test_crop_takes_the_centre_square(colours: Image.Image):
    wanted = np.asarray(colours.crop((10, 0, 60, 50)).resize((32, 32), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(images.to_pixels(colours, 32, fit="crop"), wanted)


def test_equal_pixels_in_other_files_have_equal_hashes(colours: Image.Image):
    again = images.decode(_bytes(colours, "BMP"))
    assert images.hash_pixels(again) == images.hash_pixels(images.decode(_bytes(colours)))
    assert images.hash_pixels(again) != images.hash_pixels(again.convert("L"))


def test_a_truncated_file_is_named(colours: Image.Image, tmp_path: Path):
    path = tmp_path / "half.jpg"
    path.write_bytes(_bytes(colours, "JPEG")[:600])
    with pytest.raises(InputError, match=r"half\.jpg cannot be decoded"):
        images.read(path)


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG\r\n\x1a\n"])
def test_bytes_that_are_no_image_are_refused(data: bytes):
    with pytest.raises(InputError, match="cannot be decoded"):
        images.decode(data)


def test_postscript_is_not_run(colours: Image.Image):
    with pytest.raises(InputError, match="no known image format"):
        images.decode(_bytes(colours, "EPS"))


def test_a_photo_with_a_second_picture_in_it_is_read(colours: Image.Image):
    data = _bytes(colours, "MPO", save_all=True, append_images=[colours])
    assert images.decode(data).size == (70, 50)


def test_malformed_notes_of_a_camera_do_not_cost_the_photo(colours: Image.Image):
    exif = Image.Exif()
    exif[0x010E] = "a description"
    exif[0x0112] = 6
    data = _bytes(colours, "JPEG", exif=exif)
    # The description's number, and its kind: text under the number of a width.
    malformed = data.replace(b"\x01\x0e\x00\x02", b"\x01\x00\x00\x02")
    assert malformed != data
    with Image.open(io.BytesIO(malformed)) as image, pytest.raises(struct.error):
        ImageOps.exif_transpose(image)
    assert images.decode(malformed).size == (50, 70)


def test_an_image_too_large_to_decode_is_refused(monkeypatch: pytest.MonkeyPatch):
    data = _bytes(Image.new("1", (2000, 2000)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000_000)
    with pytest.raises(InputError, match="too large"):
        images.decode(data)


@pytest.mark.parametrize(
    ("mode", "values"), [("F", [0.0, 0.5, 1.0]), ("F", [0, 127, 255]), ("I", [0, 32767, 65535])]
)
def test_formats_without_a_range_are_read_by_their_peak(mode: str, values: list[float]):
    kind = np.float32 if mode == "F" else np.int32
    image = Image.fromarray(np.array([values], kind))
    assert image.mode == mode
    assert np.asarray(images.grey_or_rgb(image)).tolist() == [[0, 127, 255]]


def test_values_beyond_any_range_are_refused():
    image = Image.fromarray(np.array([[-1.0, 3.0]], np.float32))
    with pytest.raises(InputError, match="outside"):
        images.decode(_bytes(image, "TIFF"))
