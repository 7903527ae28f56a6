"""Reads a raw download the same way from a zip, a folder or one file; extracts nothing."""

import contextlib
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from data_prep.raw_folder import missing, name_unreadable, walk
from data_prep.raw_zip import (
    BROKEN_MEMBER,
    is_text,
    leads_outside,
    list_members,
    open_zip,
    printable,
)
from data_prep.records import SkippedImage
from gimefive_jax.errors import InputError
from gimefive_jax.files import file_sha256
from gimefive_jax.images import SUFFIXES

MIB = 1 << 20
# No image of a face comes near it, and a zip may claim any size.
MAX_IMAGE_BYTES = 256 * MIB
# Image files are compressed already: what shrinks a hundredfold more in a zip holds nothing.
MAX_RATIO = 100
# Up to here the ratio does not matter.
_SMALL_BYTES = 16 * MIB
# Seven times FER2013's csv.
MAX_TEXT_BYTES = 2048 * MIB
# A row of FER2013's csv has nine thousand.
_MAX_LINE = MIB
# zipfile unpacks whatever some compressed formats make of the bytes of one call.
_PIECE = 4096


class BrokenFileError(Exception):
    """One file of the download cannot be read; the others may be whole."""


class RawFiles:
    """The files of a zip, a folder or a single file, by their relative names with `/`.

    Only listed names can be read, so a name from a label file can never lead out of the download.
    Raises InputError for a download, or a folder in it, that is missing or may not be read.
    """

    def __init__(self, raw: Path) -> None:
        self.path = raw
        self.refused: dict[str, str] = {}
        """Files that are left alone because of their names or kind, with the reason."""
        self._zip: zipfile.ZipFile | None = None
        self._members: dict[str, zipfile.ZipInfo] = {}
        self._paths: dict[str, Path] = {}
        with name_unreadable(raw):
            is_folder = raw.is_dir()
            if not is_folder and not raw.exists():
                raise InputError(missing(raw))
        if is_folder:
            with name_unreadable(raw):
                self._list_folder()
        elif zipfile.is_zipfile(raw) or raw.suffix.lower() == ".zip":
            self._zip = open_zip(raw)
            self._members, self.refused = list_members(self._zip)
        else:
            self._paths = {raw.name: raw}
        self.names = sorted(self._members or self._paths)

    def _list_folder(self) -> None:
        for name, path in walk(self.path):
            if not is_text(name):
                reason = "is a name that is no text; rename the file"
                self.refused[printable(name)] = f"{printable(name)} {reason}"
            elif path.is_file():
                self._paths[name] = path
            else:
                self.refused[name] = f"{name} is no file, or a link to one that is missing"

    def add_beside(self, names: Iterable[str]) -> None:
        """Lists those of `names` too that lie beside a single file; in it or below its folder."""
        if self._zip is None and self.path.is_file():
            with name_unreadable(self.path.parent):
                beside = {
                    name: path
                    for name in names
                    if not leads_outside(name) and (path := self.path.parent / name).is_file()
                }
            self._paths |= beside
            self.names = sorted(self._paths)

    def skipped_images(self) -> list[SkippedImage]:
        """The refused files that are named like images, for the report."""
        return [
            SkippedImage(name, reason) for name, reason in self.refused.items() if is_image(name)
        ]

    def read(self, name: str) -> bytes:
        """Reads an image file.

        Args:
          name: One of `names`.

        Returns:
          Its bytes.

        Raises:
          BrokenFileError: If they are not whole, or far too many.
        """
        try:
            self._check_size(name)
            with self._open(name) as file:
                # Counted again, because a directory may claim less than a member unpacks to.
                return _read_at_most(file, MAX_IMAGE_BYTES)
        except BROKEN_MEMBER as error:
            reason = (isinstance(error, OSError) and error.strerror) or error
            raise BrokenFileError(f"{name} cannot be read from {self.path}: {reason}") from error

    def read_image(self, name: str, *, file_name: str) -> bytes | SkippedImage:
        """Bytes of one image, or why the face `file_name` cannot be had."""
        try:
            return self.read(name)
        except BrokenFileError as error:
            return SkippedImage(file_name, reason=str(error))

    @contextlib.contextmanager
    def open_text(self, name: str) -> Iterator[io.TextIOWrapper]:
        """Lines of one text file, read as they are needed; InputError if it is broken."""
        try:
            if self._size(name) > MAX_TEXT_BYTES:
                raise OSError(f"it holds {self._size(name)} bytes, more than any table of labels")
            with (
                self._open(name) as file,
                _Lines(file, encoding="utf-8-sig", newline="") as text,  # type: ignore[arg-type]
            ):
                yield text
        except UnicodeDecodeError as error:
            raise InputError(f"{name} in {self.path} is not UTF-8 text: {error}") from error
        except csv.Error as error:
            raise InputError(f"{name} in {self.path} is no csv ({error}); replace it") from error
        except BROKEN_MEMBER as error:
            raise InputError(
                f"{name} cannot be read from {self.path} ({error}); download it again"
            ) from error

    def close(self) -> None:
        """Give the zip's file handle back."""
        if self._zip is not None:
            self._zip.close()

    def __enter__(self) -> "RawFiles":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _open(self, name: str) -> contextlib.AbstractContextManager[io.BufferedIOBase]:
        if self._zip is not None:
            return self._zip.open(self._members[name])  # type: ignore[return-value]
        return self._paths[name].open("rb")

    def _size(self, name: str) -> int:
        if self._zip is not None:
            return self._members[name].file_size
        return self._paths[name].stat().st_size

    def _check_size(self, name: str) -> None:
        size = self._size(name)
        if size > MAX_IMAGE_BYTES:
            raise OSError(f"it claims {size} bytes, more than the {MAX_IMAGE_BYTES} of an image")
        packed = self._members[name].compress_size if self._zip is not None else size
        if size > max(_SMALL_BYTES, packed * MAX_RATIO):
            raise OSError(f"it unpacks {packed} bytes to {size}, as no image does")


class _Lines(io.TextIOWrapper):
    """Text whose lines, when it is iterated over, have a limit: a zip may hold one endless line."""

    def __next__(self) -> str:  # type: ignore[override]
        line = self.readline(_MAX_LINE)
        if not line:
            raise StopIteration
        if len(line) == _MAX_LINE:
            raise csv.Error(f"a line of more than {_MAX_LINE} letters")
        return line


def is_image(name: str) -> bool:
    """Whether the name ends as an image file's does, in either case."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def folders_of(names: list[str]) -> list[str]:
    """Every folder that holds a file at any depth, shallow ones first; `""` is the top."""
    folders = {
        "" if str(parent) == "." else f"{parent}/"
        for name in names
        for parent in PurePosixPath(name).parents
    }
    return sorted(folders, key=lambda folder: (folder.count("/"), folder))


def fingerprint(raw: Path) -> str:
    """Computes what changes with a download.

    Args:
      raw: A file or a folder.

    Returns:
      sha256 of a file's bytes, or of a folder's sorted names, sizes and times.

    Raises:
      InputError: If it is missing or may not be read.
    """
    with name_unreadable(raw):
        if not raw.is_dir():
            return file_sha256(raw)
        digest = hashlib.sha256()
        for name, path in sorted(walk(raw)):
            status = path.lstat() if not path.exists() else path.stat()
            line = f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n"
            digest.update(line.encode(errors="surrogateescape"))
        return digest.hexdigest()


def _read_at_most(file: io.BufferedIOBase, limit: int) -> bytes:
    data = bytearray()
    while piece := file.read(_PIECE):
        data += piece
        if len(data) > limit:
            raise OSError(f"it unpacks to more than {limit} bytes")
    return bytes(data)
