"""FER+ (Barsoum et al. 2016): what ten people each chose for the faces of FER2013.

Its images' names count the faces, not the rows of FER2013's csv, and the pictures of FER2013's
folder layouts are named after neither: only the common order of rows joins the two.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Literal, NamedTuple

from data_prep.raw_files import RawFiles
from gimefive_jax.errors import InputError

SOURCE = "ferplus"
Labels = Literal["original", "votes"]
NOT_A_FACE = "not a face"
AMBIGUOUS = "ambiguous"
CATEGORIES = (
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt",
    "unknown", NOT_A_FACE,
)  # fmt: skip
_HEADER = ("usage", "image name", *CATEGORIES[:-1], "nf")
_USAGES = ("Training", "PublicTest", "PrivateTest")
# In another order the two labels would agree only as often as those of two faces drawn at random.
_LEAST_AGREEMENT = 1 / 3
_ENOUGH_ROWS = 100


class Votes(NamedTuple):
    """One row: how often each category was chosen; an empty image name means no face."""

    usage: str
    image_name: str
    counts: Mapping[str, float]

    def majority(self) -> str:
        """Category chosen most often: `ambiguous` if two were, `not a face` without image name."""
        if not self.image_name:
            return NOT_A_FACE
        most = max(self.counts.values())
        chosen = [category for category, count in self.counts.items() if count == most]
        return chosen[0] if len(chosen) == 1 else AMBIGUOUS


class Voted(NamedTuple):
    """What a face of FER2013 is labelled once its votes are known."""

    emotion: str
    votes: Mapping[str, float] = MappingProxyType({})


def read_votes(path: Path) -> list[Votes]:
    """The rows of `fer2013new.csv`, or of a zip or folder that holds it, in their order.

    Raises InputError for a file that is not FER+'s and for a row that breaks its rules.
    """
    with RawFiles(path) as files:
        name = _find_table(files)
        with files.open_text(name) as text:
            rows = csv.reader(text)
            next(rows)
            return [_parse(row, f"{name} line {rows.line_num}") for row in rows if row]


class Join:
    """Hands FER2013's csv rows, in their order, the votes of the same rows of FER+.

    `only_training` is for FER2013's `train.csv`, which holds the training rows alone.
    """

    def __init__(self, path: Path, *, labels: Labels, only_training: bool = False) -> None:
        self._path = path
        self._labels = labels
        votes = read_votes(path)
        if only_training:
            votes = [row for row in votes if row.usage == "Training"]
        self._num_rows = len(votes)
        self._rows: Iterator[Votes] = iter(votes)
        self._num_compared = 0
        self._num_equal = 0

    def label(self, emotion: str, *, usage: str, where: str) -> Voted:
        """Label and votes of the next row; raises InputError if it is not the row at `where`."""
        row = next(self._rows, None)
        if row is None:
            raise InputError(f"{where} has no votes: {self._path} holds only {self._num_rows} rows")
        if row.usage != usage:
            raise InputError(
                f"{where} is of {usage}, the same row of {self._path} of {row.usage}; FER+ belongs "
                "to fer2013.csv in its original order"
            )
        majority = row.majority()
        if majority in CATEGORIES[:7]:
            self._num_compared += 1
            self._num_equal += majority == emotion
        return Voted(majority if self._labels == "votes" else emotion, row.counts)

    def check_all_used(self, table: str) -> None:
        """Raises InputError if the two tables turn out not to be about the same rows."""
        if (left := sum(1 for _ in self._rows)) > 0:
            raise InputError(
                f"{self._path} holds {left} rows more than {table}; FER+ belongs to the complete "
                "fer2013.csv"
            )
        is_enough = self._num_compared >= _ENOUGH_ROWS
        if is_enough and self._num_equal < _LEAST_AGREEMENT * self._num_compared:
            raise InputError(
                f"{table} and {self._path} agree on {self._num_equal} of {self._num_compared} "
                "faces, so their rows are not in the same order; give the original files"
            )


def _find_table(files: RawFiles) -> str:
    tables = []
    for name in files.names:
        if PurePosixPath(name).suffix.lower() == ".csv":
            with files.open_text(name) as text:
                header = tuple(column.strip().lower() for column in next(csv.reader(text), []))
            if header == _HEADER:
                tables.append(name)
    if len(tables) != 1:
        found = f"{len(tables)} tables ({', '.join(tables)})" if tables else "no table"
        raise InputError(
            f"{files.path} holds {found} of FER+; give its fer2013new.csv, whose header begins "
            "with `Usage,Image name,neutral`"
        )
    return tables[0]


def _parse(row: list[str], where: str) -> Votes:
    if len(row) != len(_HEADER):
        raise InputError(f"{where} holds {len(row)} columns, must hold {len(_HEADER)}")
    usage, image_name, *counts = (word.strip() for word in row)
    if usage not in _USAGES:
        raise InputError(f"{where}: Usage '{usage}' must be {', '.join(_USAGES)}")
    if wrong := [word for word in counts if not word.isdecimal()]:
        raise InputError(f"{where}: number of votes '{wrong[0]}' must be a whole number")
    return Votes(usage, image_name, dict(zip(CATEGORIES, map(float, counts), strict=True)))
