"""Reads a raw download the same way from a zip, a folder or one file; extracts nothing."""

import contextlib
import hashlib
import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from gimefive_jax.errors import InputError
from gimefive_jax.images import SUFFIXES

_BROKEN_MEMBER = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError)


class BrokenFileError(Exception):
    """One file of the download cannot be read; the others may be whole."""


class RawFiles:
    """The files of a zip, a folder or a single file, by their relative names with `/`.

    Only listed names can be read, so a name from a label file can never lead out of the download.
    """

    def __init__(self, raw: Path) -> None:
        self.path = raw
        self._zip: zipfile.ZipFile | None = None
        if raw.is_dir():
            self._paths = dict(_walk(raw))
        elif not raw.exists():
            raise InputError(_missing(raw))
        elif zipfile.is_zipfile(raw) or raw.suffix.lower() == ".zip":
            self._zip = _open_zip(raw)
            self._paths = dict.fromkeys(_member_names(self._zip), raw)
        else:
            self._paths = {raw.name: raw}
        self.names = sorted(self._paths)

    def read(self, name: str) -> bytes:
        """Bytes of one file; raises BrokenFileError if they cannot be read whole."""
        try:
            if self._zip is not None:
                return self._zip.read(name)
            return self._paths[name].read_bytes()
        except _BROKEN_MEMBER as error:
            raise BrokenFileError(f"{name} cannot be read from {self.path}: {error}") from error

    @contextlib.contextmanager
    def open_text(self, name: str) -> Iterator[io.TextIOWrapper]:
        """Lines of one text file, read as they are needed; InputError if it is broken."""
        try:
            with (
                self._open(name) as file,
                io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text,
            ):
                yield text
        except UnicodeDecodeError as error:
            raise InputError(f"{name} in {self.path} is not UTF-8 text: {error}") from error
        except _BROKEN_MEMBER as error:
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

    def _open(self, name: str) -> contextlib.AbstractContextManager[BinaryIO]:
        if self._zip is not None:
            return self._zip.open(name)  # type: ignore[return-value]
        return self._paths[name].open("rb")


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
    """sha256 of a file's bytes, or of a folder's sorted names, sizes and times of change."""
    digest = hashlib.sha256()
    try:
        if raw.is_dir():
            for name, path in sorted(_walk(raw)):
                status = path.stat()
                digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
        else:
            with raw.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256")
    except FileNotFoundError as error:
        raise InputError(_missing(raw)) from error
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def _missing(raw: Path) -> str:
    return f"{raw} does not exist; give the downloaded zip, folder or csv"


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    # Links are followed, because people link their data; a link to a folder above is not.
    seen = {os.path.realpath(folder)}
    for top, folders, files in os.walk(folder, followlinks=True):
        kept = []
        for name in sorted(folders):
            real = os.path.realpath(os.path.join(top, name))
            if real not in seen and not _is_clutter(name):
                seen.add(real)
                kept.append(name)
        folders[:] = kept
        for name in files:
            path = Path(top, name)
            if not _is_clutter(name) and path.is_file():
                yield path.relative_to(folder).as_posix(), path


def _is_clutter(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise InputError(f"{path} is not a whole zip ({error}); download it again") from error


def _member_names(archive: zipfile.ZipFile) -> list[str]:
    names = []
    for member in archive.infolist():
        if member.flag_bits & 0x1:
            raise InputError(
                f"{archive.filename} is encrypted ({member.filename}); unpack it with its password "
                "and give the folder"
            )
        if not member.is_dir() and not any(map(_is_clutter, member.filename.split("/"))):
            names.append(member.filename)
    return names
