"""Boxes of a user's own: a CSV file that says where the faces of image files are."""

import csv
import dataclasses
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from gimefive_jax.errors import InputError
from gimefive_jax.faces.found import FaceBox

COLUMNS = ("filepath", "left", "top", "width", "height")


@dataclasses.dataclass(frozen=True)
class OwnBoxes:
    """Where the faces of image files are, by a user's word."""

    path: Path
    by_file: Mapping[str, tuple[FaceBox, ...]]
    """By the real path of each image file; empty for a file that holds no face."""

    def of(self, image: Path) -> tuple[FaceBox, ...] | None:
        """Gives the boxes of an image file in the order of the rows; None where it has no row."""
        return self.by_file.get(os.path.realpath(image))

    def check_names(self, images: Iterable[Path]) -> None:
        """Raises InputError unless at least one image file has a row."""
        if not any(self.of(image) is not None for image in images):
            raise InputError(
                f"{self.path} names none of the images; its column filepath holds their paths, "
                "from the folder you are in or from that of the file"
            )


def read_boxes(path: Path) -> OwnBoxes:
    """Reads boxes from a CSV file.

    Its first line names the columns `filepath,left,top,width,height`; others are passed over. Each
    row is a face, in pixels of the upright image; a row whose four numbers are empty says that the
    image holds no face. So what `gimefive predict` writes can be read again.

    Args:
      path: The file. Image files are named from the current folder, or from the folder of the file.

    Returns:
      The boxes.

    Raises:
      InputError: The file cannot be read, or a row is no box; names the line.
    """
    by_file = dict[str, tuple[FaceBox, ...]]()
    try:
        # File names are bytes to the system: whatever they hold comes back.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            rows = csv.DictReader(file)
            _check_columns(path, rows.fieldnames)
            for row in rows:
                name, box = _read_row(row, f"{path} line {rows.line_num}")
                place = _find(name, path.parent)
                by_file[place] = (*by_file.get(place, ()), *box)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; check the path") from error
    except csv.Error as error:
        raise InputError(f"{path} is no CSV file ({error}); see --help for its form") from error
    return OwnBoxes(path, by_file)


def _check_columns(path: Path, found: Iterable[str] | None) -> None:
    missing = [name for name in COLUMNS if name not in (found or ())]
    if missing:
        raise InputError(
            f"{path} has no column {missing[0]}; its first line must be {','.join(COLUMNS)}, and "
            "may have more columns"
        )


def _read_row(row: Mapping[str | None, str | None], where: str) -> tuple[str, tuple[FaceBox, ...]]:
    """Name of the image, and its box, or none."""
    name, *words = ((row[column] or "").strip() for column in COLUMNS)
    if not name:
        raise InputError(f"{where} names no image; write its path into the column filepath")
    if not any(words):
        return name, ()
    numbers = [
        _number(word, column, where) for word, column in zip(words, COLUMNS[1:], strict=True)
    ]
    for number, column in zip(numbers[2:], COLUMNS[3:], strict=True):
        if number <= 0:
            raise InputError(f"{where}: {column} {number:g} must be more than 0 pixels")
    return name, (FaceBox(*numbers),)


def _number(word: str, column: str, where: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(
            f"{where}: {column} '{word}' must be a number of pixels; leave all four empty for an "
            "image without a face"
        )
    return number


def _find(name: str, folder: Path) -> str:
    """Real path of an image that is named from the current folder, or else from the file's."""
    beside = folder / name
    return os.path.realpath(beside if not Path(name).exists() and beside.exists() else name)
