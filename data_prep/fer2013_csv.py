"""FER2013's layouts of one csv: 48x48 grey faces as rows of numbers, made lossless PNG files."""

import csv
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np

from data_prep import categories
from data_prep.ferplus import Join, Voted
from data_prep.raw_files import RawFiles
from data_prep.records import FaceRecord, Part, SkippedImage, make_record
from gimefive_jax.errors import InputError
from gimefive_jax.images import encode_png

SIDE = 48
_PARTS: dict[str, Part] = {"Training": "train", "PublicTest": "test", "PrivateTest": "test"}


class Table(NamedTuple):
    """A csv file and which of its columns hold what; `usage` is -1 where there is none."""

    name: str
    emotion: int
    pixels: int
    usage: int


def find_table(files: RawFiles) -> Table | None:
    """The csv with emotions and pixels; one that names the usage too goes before others."""
    tables = []
    for name in files.names:
        if PurePosixPath(name).suffix.lower() == ".csv":
            with files.open_text(name) as text:
                header = [column.strip().lower() for column in next(csv.reader(text), [])]
            if {"emotion", "pixels"} <= set(header):
                usage = header.index("usage") if "usage" in header else -1
                tables.append(Table(name, header.index("emotion"), header.index("pixels"), usage))
    tables.sort(key=lambda table: (table.usage == -1, table.name))
    return tables[0] if tables else None


def read_table(
    files: RawFiles, table: Table, *, source: str, join: Join | None = None
) -> Iterator[FaceRecord | SkippedImage]:
    """A face per row, named after its usage and its row, counted from 0; `join` adds FER+'s votes.

    A row without the 2,304 values is yielded as a SkippedImage; a row without a known emotion or
    usage raises InputError.
    """
    with files.open_text(table.name) as text:
        rows = csv.reader(text)
        next(rows)
        for number, row in enumerate(filter(None, rows)):
            where = f"{table.name} row {number} (line {rows.line_num})"
            if len(row) <= max(table.emotion, table.pixels, table.usage):
                raise InputError(f"{where} holds {len(row)} columns, fewer than the header")
            usage = _usage(row[table.usage].strip(), where) if table.usage >= 0 else "Training"
            emotion = categories.category(row[table.emotion], categories.FER2013, where=where)
            # Before anything is skipped: the rows of both tables go in step.
            voted = join.label(emotion, usage=usage, where=where) if join else Voted(emotion)
            name = f"{usage}_{number:08d}.png"
            try:
                image = encode_png(_parse_pixels(row[table.pixels], where))
            except InputError as error:
                yield SkippedImage(name, reason=str(error))
                continue
            yield make_record(
                image,
                emotion=voted.emotion,
                file_name=name,
                source=source,
                usage=usage,
                part=_PARTS[usage],
                votes=voted.votes,
            )
        if join:
            join.check_all_used(table.name)


def _usage(word: str, where: str) -> str:
    if word not in _PARTS:
        raise InputError(f"{where}: Usage '{word}' must be {', '.join(_PARTS)}")
    return word


def _parse_pixels(text: str, where: str) -> np.ndarray:
    words = text.split()
    if len(words) != SIDE * SIDE:
        raise InputError(f"{where} holds {len(words)} pixels, must hold {SIDE * SIDE}")
    try:
        values = np.array(words, dtype=np.int64)
    except ValueError as error:
        raise InputError(f"{where}: pixels must be whole numbers: {error}") from error
    if values.min() < 0 or values.max() > 255:
        raise InputError(f"{where}: pixels must lie in 0..255")
    return values.astype(np.uint8).reshape(SIDE, SIDE)
