import io
import struct

import numpy as np
import pytest
from PIL import Image

from gimefive_jax import images
from gimefive_jax.errors import InputError
from gimefive_jax.live.frames import MAX_BYTES, decode_frame


def _encoded(kind: str, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new(mode, (40, 30)).save(file, format=kind)
    return file.getvalue()


def _resized(data: bytes, width: int, height: int) -> bytes:
    """The same file that claims another size."""
    start = data.index(b"\xff\xc0") + 5
    return data[:start] + struct.pack(">HH", height, width) + data[start + 4 :]


def test_a_frame_has_the_pixels_that_were_encoded():
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:, :32] = (200, 40, 90)
    found = decode_frame(images.encode_jpeg(pixels))
    assert found.shape == (48, 64, 3)
    assert np.abs(found[:, 8:24].astype(int) - pixels[:, 8:24]).max() <= 3


def test_a_grey_jpeg_is_a_frame_of_three_channels():
    assert decode_frame(_encoded("JPEG", "L")).shape == (30, 40, 3)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"hello", _encoded("PNG"), _encoded("GIF")])
def test_what_is_no_jpeg_is_refused_in_one_line(data: bytes):
    with pytest.raises(InputError, match="send JPEG") as refused:
        decode_frame(data)
    assert len(str(refused.value)) < 200


def test_half_a_jpeg_is_refused():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = images.encode_jpeg(noise)
    with pytest.raises(InputError, match="cannot be decoded"):
        decode_frame(data[: len(data) // 2])


@pytest.mark.parametrize("size", [(2000, 1100), (12000, 12000), (65000, 65000), (0, 10)])
def test_a_size_beyond_the_limit_is_refused_before_a_pixel_is_decoded(size: tuple[int, int]):
    with pytest.raises(InputError, match="frame"):
        decode_frame(_resized(_encoded("JPEG"), *size))


def test_too_many_bytes_are_refused():
    with pytest.raises(InputError, match=str(MAX_BYTES)):
        decode_frame(_encoded("JPEG") + bytes(MAX_BYTES))


def test_no_damaged_byte_is_more_than_a_refusal():
    data, generator = _encoded("JPEG"), np.random.default_rng(1)
    for _ in range(300):
        damaged = bytearray(data)
        for place in generator.integers(3, len(data), 4):
            damaged[place] = generator.integers(256)
        try:
            assert decode_frame(bytes(damaged)).dtype == np.uint8
        except InputError:
            continue
