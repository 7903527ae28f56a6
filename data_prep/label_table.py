"""Reads faces that a table lists: any csv of files and their categories."""

import csv
import hashlib
import itertools
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from data_prep import categories, raw_files, tables
from data_prep.part_names import is_part, official_parts
from data_prep.raw_files import RawFiles
from data_prep.raw_zip import leads_outside
from data_prep.records import FaceRecord, SkippedImage, make_record
from gimefive_jax.emotions import parse_category
from gimefive_jax.errors import InputError

SOURCE = "table"
# Names that a column may have, the surest first.
_FILE = ("file", "filename", "file_name", "filepath", "file_path", "image_path", "image", "path")
_LABEL = ("label", "emotion", "expression", "class", "category")
_PART = ("split", "usage", "subset")
_SUBJECT = ("subject", "person", "id")
_RULE = f"a csv of `file,label` lines, or with a header such as {_FILE[0]},{_LABEL[0]},{_PART[0]}"


class _Columns(NamedTuple):
    """Which columns hold what; -1 where there is none."""

    file: int
    label: int
    part: int
    subject: int


class _Row(NamedTuple):
    """The words of a row that is not empty, and the words for where it stands."""

    where: str
    words: list[str]


class _ListedFace(NamedTuple):
    """A row of the table."""

    name: str
    emotion: str
    usage: str
    subject: str


def read_records(
    raw: Path, *, source: str = SOURCE, own: bool = False
) -> Iterator[FaceRecord | SkippedImage]:
    """Every face that a csv lists, in its order; files that it does not list are left alone.

    `raw` is the csv, or a zip or folder that holds no other; files are found from the csv's folder
    or from the top. Its header may be missing, and may name a split and a subject. Labels are
    words, synonyms included, or numbers in our order: 0 happiness, 1 surprise, 2 sadness, 3 anger,
    4 disgust, 5 fear, 6 neutral. Without a split all is part `whole`; validation is treated as in
    `part_names.official_parts`.

    Args:
      raw: The csv, or a zip or folder with one.
      source: Name of the set.
      own: Whether labels are categories as they are written.

    Yields:
      A face, or for a broken image a SkippedImage.

    Raises:
      InputError: For a row that breaks a rule, and for files that are listed but absent.
    """
    with RawFiles(raw) as files:
        yield from files.skipped_images()
        table = _find_table(files)
        listed = _read_table(files, table, own=own)
        paths = _find_images(files, table, [face.name for face in listed])
        parts = official_parts({face.usage for face in listed if face.usage})
        for face in listed:
            yield make_record(
                files.read_image(paths[face.name], file_name=face.name),
                emotion=face.emotion,
                file_name=face.name,
                source=source,
                usage=face.usage,
                part=parts.get(face.usage, "whole"),
                subject=face.subject,
            )


def fingerprint(raw: Path, *, own: bool = False) -> str:
    """As `raw_files.fingerprint`, but of a csv together with the files that lie beside it."""
    of_raw = raw_files.fingerprint(raw)
    if raw.is_dir() or zipfile.is_zipfile(raw):
        return of_raw
    digest = hashlib.sha256(of_raw.encode())
    with RawFiles(raw) as files:
        table = _find_table(files)
        listed = _read_table(files, table, own=own)
        paths = _find_images(files, table, [face.name for face in listed])
        for name in sorted(paths):
            status = (raw.parent / paths[name]).stat()
            digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _find_table(files: RawFiles) -> str:
    found = [name for name in files.names if PurePosixPath(name).suffix.lower() == ".csv"]
    return tables.only_file(files, found, kind="csv file", mend=f"give one: {_RULE}")


def _read_table(files: RawFiles, table: str, *, own: bool) -> list[_ListedFace]:
    rows = _read_rows(files, table)
    if not rows:
        raise InputError(f"{table} in {files.path} is empty; it must be {_RULE}")
    columns = _find_columns([column.lower().replace(" ", "_") for column in rows[0].words])
    top = files.path if files.path.is_dir() else files.path.parent
    # Absolute paths are fine as long as they lie in the folder of the csv.
    folder = (top / table).parent.resolve()
    faces: dict[str, _ListedFace] = {}
    for row in rows[1:] if columns else rows:
        face = _parse(row, columns, folder=folder, own=own)
        tables.check_new(face.name, faces, what=face.name, where=row.where)
        faces[face.name] = face
    if not faces:
        raise InputError(f"{table} in {files.path} lists no faces; download it again")
    return list(faces.values())


def _read_rows(files: RawFiles, table: str) -> list[_Row]:
    with files.open_text(table) as text:
        first = next(text, "")
        # Some programs write a csv with what their country has beside the decimal comma.
        delimiter = max(",;\t", key=first.count)
        rows = csv.reader(itertools.chain([first], text), delimiter=delimiter)
        numbered = [
            _Row(f"{table} line {rows.line_num}", [word.strip() for word in row]) for row in rows
        ]
    return [row for row in numbered if any(row.words)]


def _find_columns(header: Sequence[str]) -> _Columns | None:
    file, label, part, subject = (
        next((header.index(name) for name in names if name in header), -1)
        for names in (_FILE, _LABEL, _PART, _SUBJECT)
    )
    # Without either it is no header, but a row.
    return None if file < 0 or label < 0 else _Columns(file, label, part, subject)


def _parse(row: _Row, columns: _Columns | None, *, folder: Path, own: bool) -> _ListedFace:
    where, words = row
    if columns is None and len(words) != 2:
        raise InputError(f"{where} holds {len(words)} columns; the file must be {_RULE}")
    columns = columns or _Columns(file=0, label=1, part=-1, subject=-1)
    if len(words) <= max(columns):
        raise InputError(f"{where} holds {len(words)} columns, fewer than the header")
    usage = words[columns.part] if columns.part >= 0 else ""
    if columns.part >= 0 and not is_part(usage):
        raise InputError(f"{where}: '{usage}' is no part of a data set such as train or test")
    return _ListedFace(
        name=_file_name(words[columns.file], where, folder=folder),
        emotion=_emotion(words[columns.label], where, own=own),
        usage=usage,
        subject=words[columns.subject] if columns.subject >= 0 else "",
    )


def _file_name(word: str, where: str, *, folder: Path) -> str:
    name = word.replace("\\", "/")
    if name.startswith("/") and (path := Path(name).parent.resolve()).is_relative_to(folder):
        name = (path / PurePosixPath(name).name).relative_to(folder).as_posix()
    if not name or leads_outside(name):
        raise InputError(
            f"{where}: file '{word}' must be a path inside the folder of the csv, {folder}"
        )
    return str(PurePosixPath(name))


def _emotion(word: str, where: str, *, own: bool) -> str:
    if own:
        if not word or not word.isprintable():
            raise InputError(f"{where}: label '{word}' must be a word")
        return word
    if word.replace(".", "", 1).isdecimal():
        return categories.category(word, categories.OURS, where=where)
    try:
        return parse_category(word)
    except InputError as error:
        raise InputError(
            f"{where}: {error}; mend it, or keep all labels as they are with --categories own"
        ) from error


def _find_images(files: RawFiles, table: str, names: list[str]) -> dict[str, str]:
    files.add_beside(names)
    folder = PurePosixPath(table).parent
    present = set(files.names)
    paths = {}
    for name in names:
        near = str(folder / name)
        paths[name] = near if near in present else name
    if absent := [name for name in names if paths[name] not in present]:
        raise InputError(
            f"{table} lists {absent[0]} ({len(absent)} such files), which {files.path} has not "
            "beside it; restore the files or remove their lines"
        )
    return paths
