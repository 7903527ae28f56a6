"""Pictures are told by their content; every format is read, or named with what it needs."""

import builtins
import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from gimefive_jax import images
from gimefive_jax.errors import InputError
from tests.special_files import make_device

_KINDS = ["JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF", "PPM"]
if features.check("avif"):
    _KINDS.append("AVIF")


def _bytes(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


@pytest.fixture
def smooth() -> Image.Image:
    """An image that lossy formats keep."""
    rows, columns = np.mgrid[:48, :64].astype(np.uint8)
    return Image.fromarray(np.stack([rows * 4, columns * 3, rows + columns], axis=-1))


@pytest.fixture
def heic(smooth: Image.Image) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif", reason="HEIC is read by the heic extra")
    buffer = io.BytesIO()
    pillow_heif.from_pillow(smooth).save(buffer, quality=95)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("suffix", [".jpg", ".jfif", ".txt", ""])
def test_a_picture_is_told_by_its_content(
    kind: str, suffix: str, smooth: Image.Image, tmp_path: Path
):
    path = tmp_path / f"picture{suffix}"
    path.write_bytes(_bytes(smooth, kind))
    assert images.holds_picture(path)
    found = np.asarray(images.read(path).convert("RGB"), np.float32)
    # GIF has 256 colours, the lossy ones what they keep.
    assert np.abs(found - np.asarray(smooth)).mean() < 8


@pytest.mark.parametrize(
    "data", [b"", b"BMW and other cars", b"Plain text", b"GIF", b"P5", b"RIFF"]
)
def test_other_files_are_no_pictures(data: bytes, tmp_path: Path):
    (tmp_path / "a.jpg").write_bytes(data)
    assert not images.holds_picture(tmp_path / "a.jpg")
    assert not images.holds_picture(tmp_path / "nowhere")


def test_a_refusal_names_the_formats():
    with pytest.raises(InputError) as error:
        images.decode(b"text", name="a.txt")
    for fact in ("a.txt", *images.FORMATS):
        assert fact in str(error.value)


def test_a_heic_picture_is_read_whatever_its_name(heic: bytes, smooth: Image.Image, tmp_path: Path):
    path = tmp_path / "IMG_0001.jpg"
    path.write_bytes(heic)
    assert images.holds_picture(path)
    found = np.asarray(images.read(path), np.float32)
    assert np.abs(found - np.asarray(smooth)).mean() < 8


def test_a_heic_picture_is_turned_once(smooth: Image.Image):
    pillow_heif = pytest.importorskip("pillow_heif", reason="HEIC is read by the heic extra")
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    # As phones do: the turn stands in the container, and in the camera's notes once more.
    pillow_heif.encode(
        "RGB",
        smooth.size,
        smooth.tobytes(),
        buffer,
        quality=95,
        exif=exif.tobytes(),
    )
    found = images.decode(buffer.getvalue())
    wanted = smooth.transpose(Image.Transpose.ROTATE_270)
    assert found.size == wanted.size
    assert np.abs(np.asarray(found, np.float32) - np.asarray(wanted)).mean() < 8


def test_without_pillow_heif_its_extra_is_named(heic: bytes, monkeypatch: pytest.MonkeyPatch):
    plain_import = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name == "pillow_heif":
            raise ImportError(name)
        return plain_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError) as error:
        images.decode(heic, name="IMG_0001.jpg")
    for fact in ("IMG_0001.jpg", "HEIC", "gimefive-jax[heic]"):
        assert fact in str(error.value)


def test_a_broken_or_huge_heic_picture_is_named(heic: bytes, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(InputError, match=r"a\.heic cannot be decoded"):
        images.decode(heic[: len(heic) // 2], name="a.heic")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(InputError, match=r"a\.heic is too large"):
        images.decode(heic, name="a.heic")


def test_pipes_and_devices_are_refused_without_opening_them(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    make_device(tmp_path / "null", minor=3)
    for name in ("pipe", "null"):
        with pytest.raises(InputError, match=f"{name} is a pipe or a device"):
            images.read(tmp_path / name)


def test_a_picture_comes_through_an_open_descriptor(smooth: Image.Image):
    reading, writing = os.pipe()
    os.write(writing, _bytes(smooth, "PNG"))
    os.close(writing)
    found = images.read(Path(f"/dev/fd/{reading}"))
    os.close(reading)
    np.testing.assert_array_equal(np.asarray(found), np.asarray(smooth))
