"""Tells image formats by the first bytes of a file, as names often say something else."""

from pathlib import Path

from PIL import features

# How image files usually end; a name alone makes no picture.
SUFFIXES = (
    ".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm",
    ".avif", ".heic", ".heif",
)  # fmt: skip
# PIL would try some that nobody keeps faces in: for PostScript it starts another program.
PIL_FORMATS: tuple[str, ...] = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF", "PPM")
if features.check("avif"):
    PIL_FORMATS = (*PIL_FORMATS, "AVIF")
FORMATS = (*PIL_FORMATS, "HEIC")
"""Names of the formats that are read; HEIC where `pillow-heif` is installed."""
# The first bytes of a file that tell what it is.
HEAD_BYTES = 64
_BEGINNINGS = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"II*\0",
    b"MM\0*",
    b"II+\0",
    b"MM\0+",
    b"GIF87a",
    b"GIF89a",
)
# Sizes of the second header of a BMP file; "BM" alone begins many a text.
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
_HEVC = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis")
_EITHER = (b"mif1", b"msf1")
_AV1 = (b"avif", b"avis")


def holds_picture(path: Path) -> bool:
    """Tells whether a file begins as one of `FORMATS` does, whatever it is called.

    Args:
      path: A regular file.

    Returns:
      False also for a file that cannot be read.
    """
    try:
        with path.open("rb") as file:
            return begins_a_picture(file.read(HEAD_BYTES))
    except OSError:
        return False


def begins_a_picture(head: bytes) -> bool:
    """Tells whether these are the first bytes of a file in one of `FORMATS`."""
    return (
        head.startswith(_BEGINNINGS)
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or (head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS)
        or (head[:1] == b"P" and head[1:2] in b"123456f" and head[2:3].isspace())
        or bool(_brands(head) & {*_AV1, *_HEVC, *_EITHER})
    )


def is_heic(head: bytes) -> bool:
    """Tells whether these are the first bytes of a HEIC file, which phones write."""
    brands = _brands(head)
    return bool(brands & {*_HEVC, *_EITHER}) and not brands & {*_AV1}


def _brands(head: bytes) -> set[bytes]:
    """Of a file in boxes, such as AVIF, HEIC or a film: which formats it says it has."""
    if head[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12], *(head[start : start + 4] for start in range(16, end, 4))}
