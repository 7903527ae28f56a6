"""Files that a downloaded or uploaded data set may hold and nobody wants, made cheaply."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from tests.raw_fer2013 import jpeg, make_pixels

_MIB = 1 << 20


def unusable() -> dict[str, bytes]:
    """Files named like images that show no face, by name."""
    return {
        "truncated.jpg": jpeg(make_pixels(1))[:400],
        "text.jpg": b"This is no image, whatever its name says.\n",
        "empty.jpg": b"",
        "one_pixel.png": _encode(Image.new("L", (1, 1))),
        "20000x20000.png": png_header(20_000, 20_000) + b"\0" * 100,
        "20000x20000_whole.png": huge_png(20_000),
        "postscript.jpg": _encode(Image.fromarray(make_pixels(2)), "EPS"),
        "program.png": b"\x7fELF" + bytes(200),
    }


def unusual() -> dict[str, bytes]:
    """Files in rarer forms that do show a face, by name."""
    grey = Image.fromarray(make_pixels(3))
    colour = Image.merge("RGB", [grey, Image.fromarray(make_pixels(4)), grey])
    sixteen = Image.fromarray(make_pixels(5).astype(np.uint16) * 257)
    return {
        "cmyk.jpg": _encode(colour.convert("CMYK"), "JPEG"),
        "palette.png": _encode(colour.quantize(16)),
        "sixteen_bits.png": _encode(sixteen),
    }


def png_header(width: int, height: int) -> bytes:
    """A colour PNG that begins well and then breaks off."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = struct.pack(">I", 1000) + b"IDAT"
    return b"\x89PNG\r\n\x1a\n" + _png_chunk(b"IHDR", header) + pixels


def huge_png(side: int) -> bytes:
    """A whole black PNG of one bit a pixel: 50 KB at a side of 20,000."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((side // 8 + 1) * side), 1)
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(*chunk) for chunk in chunks)


def add_bombs(path: Path, folder: str) -> set[str]:
    """Adds to a zip what claims or unpacks to far more than an image; gives the members' names."""
    zeros = bytes(40 * _MIB)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"{folder}/ratio.jpg", zeros, zipfile.ZIP_DEFLATED)
        archive.writestr(f"{folder}/terabyte.jpg", b"small")
        archive.writestr(f"{folder}/liar.jpg", zeros, zipfile.ZIP_DEFLATED)
        archive.writestr(f"{folder}/liar.png", zeros, zipfile.ZIP_BZIP2)
        archive.writestr(f"{folder}/liar.bmp", zeros, zipfile.ZIP_LZMA)
        # The directory at the end, which is what a reader believes, is written on closing.
        for member in archive.filelist:
            if "terabyte" in member.filename:
                member.file_size = 1 << 40
            if "liar" in member.filename:
                member.file_size = 1000
        return {
            name for name in archive.namelist() if Path(name).stem in ("ratio", "terabyte", "liar")
        }


def add_escapes(path: Path) -> dict[str, str]:
    """Adds members that lead elsewhere; gives how each is named, and a word of its reason."""
    image = jpeg(make_pixels(6))
    link = zipfile.ZipInfo("raw/train/happy/link.jpg")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../escaped.jpg", image)
        archive.writestr("raw/train/happy/../../../../escaped.jpg", image)
        archive.writestr("/tmp/escaped.jpg", image)
        archive.writestr("C:\\escaped.jpg", image)
        archive.writestr("raw/train/happy/two\nlines.jpg", image)
        archive.writestr(link, "/etc/passwd")
    return {
        "../escaped.jpg": "leads out",
        "raw/train/happy/../../../../escaped.jpg": "leads out",
        "/tmp/escaped.jpg": "leads out",
        "C:/escaped.jpg": "leads out",
        "raw/train/happy/two\\nlines.jpg": "control characters",
        "raw/train/happy/link.jpg": "is a link",
    }


def _encode(image: Image.Image, file_format: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=file_format)
    return buffer.getvalue()


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
