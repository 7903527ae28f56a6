"""Reads label files and annotations of a download; what is wrong in one names its file and row."""

import csv
import math
import os
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence

import numpy as np

from data_prep.raw_files import RawFiles
from gimefive_jax.errors import InputError


def read_lines(files: RawFiles, name: str) -> Iterator[tuple[str, str]]:
    """Where (`file line n`) and text of each line that is not blank.

    A byte that is no UTF-8 raises InputError naming its line.
    """
    for number, line in enumerate(_lines(files, name), start=1):
        if text := line.strip():
            yield f"{name} line {number}", text


def read_rows(files: RawFiles, name: str) -> Iterator[tuple[str, list[str]]]:
    """Where and cells of each row of a csv that is not blank; spaces around cells are dropped."""
    rows = csv.reader(_lines(files, name))
    while True:
        first_line = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise InputError(
                f"{name} line {first_line} is no row of a csv ({error}); mend it"
            ) from error
        if row is None:
            return
        if rows.line_num > first_line:
            # None of these tables has a cell of several lines.
            raise InputError(
                f"{name} line {first_line} opens a quote and does not close it; mend it"
            )
        if any(cells := [cell.strip() for cell in row]):
            yield f"{name} line {rows.line_num}", cells


def find_columns(header: Sequence[str], required: Iterable[str], *, where: str) -> dict[str, int]:
    """Finds the columns of a table by name.

    Args:
      header: Its first row.
      required: Names that must be there once, in either case.
      where: Begins a message.

    Returns:
      Number of each column by its lower-case name.

    Raises:
      InputError: For a column that is missing or named twice.
    """
    names = [cell.lower() for cell in header]
    for name in required:
        if names.count(name.lower()) != 1:
            raise InputError(
                f"{where}: the header must name the column {name} once, not {', '.join(header)}"
            )
    return {name: column for column, name in enumerate(names)}


def parse_numbers(words: Sequence[str], *, where: str) -> list[float]:
    """Reads numbers.

    Args:
      words: One number each.
      where: Begins a message.

    Returns:
      Finite numbers.

    Raises:
      InputError: For a word that is none.
    """
    numbers = []
    for word in words:
        try:
            number = float(word)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise InputError(f"{where}: '{word}' must be a number")
        numbers.append(number)
    return numbers


def parse_points(numbers: Sequence[float], num_points: int, *, where: str) -> np.ndarray:
    """float32 [point, 2] of x and y in turn; InputError if they are not `num_points`."""
    if len(numbers) != 2 * num_points:
        raise InputError(
            f"{where} holds {len(numbers)} coordinates of landmarks, must hold x and y of "
            f"{num_points} points"
        )
    return np.asarray(numbers, np.float32).reshape(num_points, 2)


def read_points(files: RawFiles, name: str, num_points: int) -> np.ndarray:
    """Reads landmarks of a file with one `x y` per line.

    Args:
      files: The download.
      name: One of its files.
      num_points: How many there must be.

    Returns:
      float32 `[point, 2]`.

    Raises:
      InputError: For a line that breaks the form, or another number of points.
    """
    numbers: list[float] = []
    for where, line in read_lines(files, name):
        if len(words := line.split()) != 2:
            raise InputError(f"{where} must hold `x y`, not '{line}'")
        numbers += parse_numbers(words, where=where)
    return parse_points(numbers, num_points, where=name)


def base_name(path: str) -> str:
    """Last part of a path inside the download."""
    return path.rpartition("/")[2]


def stem(path: str) -> str:
    """Last part of a path inside the download, without its ending."""
    return os.path.splitext(base_name(path))[0]


def index_by_stem(paths: Iterable[str]) -> dict[str, str]:
    """Path by lower-case stem; InputError if two files share one."""
    return index_paths((stem(path).lower(), path) for path in paths)


def index_paths(keyed: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Path by key, from pairs of both; InputError if two paths share a key."""
    index: dict[str, str] = {}
    for key, path in keyed:
        if key in index:
            raise InputError(f"{path} is there twice, also as {index[key]}; remove one of them")
        index[key] = path
    return index


def check_new(key: object, listed: Container[object], *, what: str, where: str) -> None:
    """Checks that a row is the first of its face.

    Args:
      key: Of the row's face.
      listed: Keys of the rows before it.
      what: Names the face in the message.
      where: Begins the message.

    Raises:
      InputError: The key is listed already.
    """
    if key in listed:
        raise InputError(f"{where} lists {what} again; keep one line")


def only_file(files: RawFiles, found: Sequence[str], *, kind: str, mend: str) -> str:
    """Takes the one file of its kind.

    Args:
      files: The download.
      found: Those of its files that are of the kind.
      kind: Names the kind in the message, as in `csv file`.
      mend: Ends the message.

    Returns:
      Its name.

    Raises:
      InputError: There is none, or there are several.
    """
    if len(found) != 1:
        held = f"{len(found)} {kind}s ({', '.join(found[:3])})" if found else f"no {kind}"
        raise InputError(f"{files.path} holds {held}; {mend}")
    return found[0]


def check_listed(listed: Collection[str], present: Mapping[str, str], *, label_file: str) -> None:
    """Checks that a label file and the images are of the same faces.

    Args:
      listed: Keys of the faces that are listed.
      present: Path of each image by the same keys.
      label_file: Names the file in messages.

    Raises:
      InputError: For a listed face without an image, and for an image that is not listed.
    """
    if missing := [name for name in listed if name not in present]:
        raise InputError(
            f"{label_file} lists {missing[0]} ({len(missing)} such images), which the download "
            "does not hold; restore the images or remove their lines"
        )
    if unlisted := [path for name, path in present.items() if name not in listed]:
        raise InputError(
            f"{unlisted[0]} ({len(unlisted)} such images) is not listed in {label_file}; add their "
            "lines or remove the images"
        )


def _lines(files: RawFiles, name: str) -> Iterator[str]:
    with files.open_text(name) as text:
        # A wrong byte is kept as half a surrogate pair, so that its line can be named below.
        text.reconfigure(errors="surrogateescape")
        for number, line in enumerate(text, start=1):
            if not line.isascii() and any("\ud800" <= letter <= "\udfff" for letter in line):
                raise InputError(f"{name} line {number} is not UTF-8 text; save it as UTF-8")
            yield line
