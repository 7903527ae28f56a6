"""AffectNet's own layout: `training.csv` and `validation.csv` beside the annotated images."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from data_prep import tables
from data_prep.categories import AFFECTNET, category
from data_prep.raw_files import RawFiles, is_image
from data_prep.records import FaceRecord, Part, SkippedImage, make_record
from gimefive_jax.errors import InputError
from gimefive_jax.images import Box

NUM_LANDMARKS = 68
_PATH, _EXPRESSION = "subDirectory_filePath", "expression"
_BOX = ("face_x", "face_y", "face_width", "face_height")
_AFFECT = ("valence", "arousal")
_COLUMNS = (_PATH, *_BOX, "facial_landmarks", _EXPRESSION, *_AFFECT)
_IMAGES = re.compile(r"(?:.*/)?manually_annotated_images/", re.IGNORECASE)
_PARTS: dict[str, Part] = {"training": "train", "validation": "test"}
# How the lists write what was not measured.
_NOT_GIVEN = ("", "null", "nan")


class AnnotationList(NamedTuple):
    """A list of annotated images and the part that it stands for."""

    name: str
    usage: str


class _Row(NamedTuple):
    """A row of a list: its cells by column, and where it stands."""

    where: str
    cells: dict[str, str]
    emotion: str

    @property
    def image(self) -> str:
        """Path of the image below the folder of images."""
        return self.cells[_PATH]


def find_lists(files: RawFiles) -> list[AnnotationList]:
    """`training.csv` and `validation.csv`, one of them, or nothing."""
    usages = {f"{usage}.csv": usage for usage in _PARTS}
    names = ((tables.base_name(name).lower(), name) for name in files.names)
    found = tables.index_paths((usages[base], name) for base, name in names if base in usages)
    return [AnnotationList(found[usage], usage) for usage in _PARTS if usage in found]


def read_lists(
    files: RawFiles, lists: Sequence[AnnotationList], *, source: str
) -> Iterator[FaceRecord | SkippedImage]:
    """A face per row, in the order of the rows; boxes and landmarks in pixels of the image.

    `training.csv` begins with a header and `validation.csv` does not; either may do either.
    """
    present = _find_images(files)
    listed = _check_rows(files, lists, present)
    for annotated in lists:
        for row in _read_rows(files, annotated):
            yield _read_face(files, row, present, usage=annotated.usage, source=source)
    # A list alone, of the two, leaves the other's images unlisted, and that is no fault.
    if len(lists) == len(_PARTS):
        for image, path in present.items():
            if is_image(path) and image not in listed:
                yield SkippedImage(image, reason=f"{path} is in neither list")


def _find_images(files: RawFiles) -> dict[str, str]:
    """Path by the name that the lists use."""
    return tables.index_paths(
        (path[match.end() :], path) for path in files.names if (match := _IMAGES.match(path))
    )


def _check_rows(
    files: RawFiles, lists: Sequence[AnnotationList], present: dict[str, str]
) -> set[str]:
    # Before the first image is read: the lists are quick to read, 400,000 images are not.
    listed: set[str] = set()
    for annotated in lists:
        for row in _read_rows(files, annotated):
            tables.check_new(row.image, listed, what=row.image, where=row.where)
            listed.add(row.image)
    if listed.isdisjoint(present):
        raise InputError(
            f"{files.path} holds none of the {len(listed)} images that {lists[0].name} lists; put "
            "them into Manually_Annotated_Images/, below the folders of that list"
        )
    return listed


def _read_rows(files: RawFiles, annotated: AnnotationList) -> Iterator[_Row]:
    columns: list[str] = []
    for where, cells in tables.read_rows(files, annotated.name):
        if not columns:
            is_header = _PATH.lower() in (cell.lower() for cell in cells)
            columns = _header(cells, where) if is_header else list(_COLUMNS)
            if is_header:
                continue
        if len(cells) != len(columns):
            raise InputError(
                f"{where} holds {len(cells)} columns, must hold {len(columns)}: "
                f"{', '.join(columns)}"
            )
        row = dict(zip(columns, cells, strict=True))
        yield _Row(where, row, category(row[_EXPRESSION], AFFECTNET, where=where))


def _header(cells: Sequence[str], where: str) -> list[str]:
    tables.find_columns(cells, _COLUMNS, where=where)
    spelled = {column.lower(): column for column in _COLUMNS}
    return [spelled.get(cell.lower(), cell) for cell in cells]


def _read_face(
    files: RawFiles, row: _Row, present: dict[str, str], *, usage: str, source: str
) -> FaceRecord | SkippedImage:
    path = present.get(row.image)
    if path is None:
        return SkippedImage(
            row.image,
            reason=f"{row.where} lists {row.image}, which the download does not hold",
            absent=True,
        )
    box, landmarks = _parse_box(row), _parse_landmarks(row)
    affect = {name: row.cells[name] for name in _AFFECT if _is_given(row.cells[name])}
    tables.parse_numbers(list(affect.values()), where=row.where)
    return make_record(
        files.read_image(path, file_name=row.image),
        emotion=row.emotion,
        file_name=row.image,
        source=source,
        usage=usage,
        part=_PARTS[usage],
        box=box,
        landmarks=landmarks,
        attributes=affect,
    )


def _parse_box(row: _Row) -> Box | None:
    words = [row.cells[column] for column in _BOX]
    if not any(map(_is_given, words)):
        return None
    left, top, width, height = tables.parse_numbers(words, where=row.where)
    return Box.from_corners(
        math.floor(left), math.floor(top), math.ceil(left + width), math.ceil(top + height)
    )


def _parse_landmarks(row: _Row) -> np.ndarray | None:
    text = row.cells["facial_landmarks"]
    if not _is_given(text):
        return None
    numbers = tables.parse_numbers(text.rstrip(";").split(";"), where=row.where)
    return tables.parse_points(numbers, NUM_LANDMARKS, where=row.where)


def _is_given(word: str) -> bool:
    return word.lower() not in _NOT_GIVEN
