"""Lists the members of a zip that may be damaged or hostile; extracts nothing."""

import lzma
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from gimefive_jax.errors import InputError

BROKEN_MEMBER = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError,
    OSError,
)  # fmt: skip
# Of the others, bzip2 makes four thousand bytes into gigabytes before anybody can stop it.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA)


class Listing(NamedTuple):
    """Members by their names with `/`, and why others are left alone."""

    members: dict[str, zipfile.ZipInfo]
    refused: dict[str, str]


def open_zip(path: Path) -> zipfile.ZipFile:
    """`path` as a zip; raises InputError if it is none or may not be read."""
    try:
        return zipfile.ZipFile(path)
    except PermissionError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; make it readable") from error
    # A forged directory makes zipfile stumble in several ways of its own.
    except (*BROKEN_MEMBER, ValueError, OverflowError) as error:
        raise InputError(f"{path} is not a whole zip ({error}); download it again") from error


def list_members(archive: zipfile.ZipFile) -> Listing:
    """The files of `archive`; raises InputError if they are encrypted."""
    listing = Listing({}, {})
    for member in archive.infolist():
        # Some programs write the folders of Windows.
        name = member.filename.replace("\\", "/")
        if member.flag_bits & 0x1:
            raise InputError(
                f"{archive.filename} is encrypted ({name}); unpack it with its password and give "
                "the folder"
            )
        if name.endswith("/") or any(map(is_clutter, name.split("/"))):
            continue
        if reason := _refusal(name, member):
            listing.refused[printable(name)] = f"{printable(name)} {reason}"
        else:
            listing.members[str(PurePosixPath(name))] = member
    if listing.refused and not listing.members:
        reason = next(iter(listing.refused.values()))
        raise InputError(f"{archive.filename} holds no file that can be read, the first: {reason}")
    return listing


def is_clutter(name: str) -> bool:
    """Whether a file or folder of this name is an operating system's own."""
    return name == "__MACOSX" or (name.startswith(".") and name not in (".", ".."))


def leads_outside(name: str) -> bool:
    """Whether a relative name with `/` is none: absolute, of a drive, or with a step upwards."""
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or bool(re.match(r"[A-Za-z]:", name))


def is_text(name: str) -> bool:
    """Whether a file's name can be stored and printed in one line."""
    return not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name)


def printable(name: str) -> str:
    """`name` itself, or with escapes what is no text in it."""
    return name if is_text(name) else ascii(name)[1:-1]


def _refusal(name: str, member: zipfile.ZipInfo) -> str:
    if leads_outside(name):
        return "leads out of the zip's folder; such a member is not read"
    if not is_text(name):
        return "is a name that holds control characters; rename the file"
    # Links keep their target as text, and their nature in the upper half of these bits.
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link, which a zip cannot follow; pack the file itself"
    if member.compress_type not in _METHODS:
        return (
            f"is packed by method {member.compress_type}, not deflate or LZMA; unpack the zip and "
            "give the folder"
        )
    return ""
